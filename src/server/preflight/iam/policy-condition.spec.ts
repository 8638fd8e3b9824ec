import { conditionHolds, type Tristate, unknownKeys } from './policy-condition.js';

const CONTEXT = new Map([
  ['aws:requestedregion', ['us-east-1']],
  ['aws:securetransport', ['true']],
  ['aws:principalarn', ['arn:aws:iam::123456789012:role/batchpoint']],
  ['aws:currenttime', ['2026-01-31T12:00:00Z']],
  ['number', ['5']],
  ['several', ['a', 'b']],
]);

type Case = [condition: Record<string, Record<string, unknown>>, holds: Tristate];
const CASES: Case[] = [
  [{}, 'yes'],
  [{ StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }, 'yes'],
  [{ StringEquals: { 'aws:RequestedRegion': ['eu-west-1', 'us-east-1'] } }, 'yes'],
  [{ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, 'no'],
  [{ StringEqualsIgnoreCase: { 'aws:RequestedRegion': 'US-EAST-1' } }, 'yes'],
  [{ StringNotEquals: { 'aws:RequestedRegion': ['eu-west-1', 'eu-west-2'] } }, 'yes'],
  [{ StringNotEquals: { 'aws:RequestedRegion': ['eu-west-1', 'us-east-1'] } }, 'no'],
  [{ StringLike: { 'aws:RequestedRegion': 'us-*' } }, 'yes'],
  [{ StringNotLike: { 'aws:RequestedRegion': 'us-*' } }, 'no'],
  [{ StringLikeIfExists: { 'aws:RequestedRegion': 'eu-*' } }, 'no'],
  [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/batch*' } }, 'yes'],
  [{ ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/batch*' } }, 'no'],
  [{ Bool: { 'aws:SecureTransport': 'false' } }, 'no'],
  [{ Bool: { 'aws:SecureTransport': true } }, 'yes'],
  [{ Null: { 'aws:SecureTransport': 'false' } }, 'yes'],
  [{ Null: { 'aws:SecureTransport': 'true' } }, 'no'],
  [{ NumericLessThan: { number: '6' } }, 'yes'],
  [{ NumericGreaterThanEquals: { number: 6 } }, 'no'],
  [{ NumericNotEquals: { number: '5' } }, 'no'],
  [{ DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }, 'yes'],
  [{ DateLessThan: { 'aws:CurrentTime': '1000000000' } }, 'no'],
  [{ 'ForAllValues:StringEquals': { several: ['a', 'b', 'c'] } }, 'yes'],
  [{ 'ForAllValues:StringEquals': { several: ['a'] } }, 'no'],
  [{ 'ForAnyValue:StringEquals': { several: ['a'] } }, 'yes'],
  [{ 'ForAnyValue:StringNotEquals': { several: ['a'] } }, 'yes'],
  // What only the call itself decides.
  [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'unknown'],
  [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, 'unknown'],
  [{ Null: { 'aws:TokenIssueTime': 'true' } }, 'unknown'],
  [{ StringEquals: { 'aws:ResourceTag/team': 'batch' } }, 'unknown'],
  [{ StringEquals: { 'aws:RequestedRegion': '${aws:PrincipalTag/region}' } }, 'unknown'],
  [{ NoSuchOperator: { number: '5' } }, 'unknown'],
  // One that does not hold settles it, whatever the others.
  [{ StringEquals: { 'aws:ResourceTag/team': 'batch', 'aws:RequestedRegion': 'eu-west-1' } }, 'no'],
  [{ Bool: { 'aws:SecureTransport': 'true' }, IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'unknown'],
];

describe('conditions of policies', () => {
  it.each(CASES)('%j: %s', (condition, holds) => {
    expect(conditionHolds(condition, CONTEXT)).toBe(holds);
  });

  it('are none where there are none', () => {
    expect(conditionHolds(undefined, CONTEXT)).toBe('yes');
  });

  it('name what they depend on', () => {
    const condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' }, Bool: { 'aws:SecureTransport': 'true' } };
    expect(unknownKeys(condition, CONTEXT)).toEqual(['aws:SourceIp']);
  });
});
