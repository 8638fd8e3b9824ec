/** `arn:aws:batch:us-east-1:123456789012:compute-environment/spot-m6i`, in any partition. */
export const ENVIRONMENT_ARN_PATTERN =
  /^arn:aws[a-z-]*:batch:([a-z]{2}(?:-[a-z]+)+-\d):(\d{12}):compute-environment\/([A-Za-z0-9][A-Za-z0-9_-]{0,127})$/;

/** `us-east-1`, `us-gov-west-1`, `cn-north-1`. */
export const REGION_PATTERN = /^[a-z]{2}(-[a-z]+)+-\d$/;

export const ROLE_ARN_PATTERN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

export interface EnvironmentArn {
  region: string;
  accountId: string;
  name: string;
}

/** null when it is none. */
export function parseEnvironmentArn(arn: string): EnvironmentArn | null {
  const match = ENVIRONMENT_ARN_PATTERN.exec(arn);
  return match === null ? null : { region: match[1]!, accountId: match[2]!, name: match[3]! };
}
