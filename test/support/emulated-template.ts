import { mapObjects, readTemplate, type Template, type TemplateName } from './cloudformation-template.js';

/** Types that moto's CloudFormation (5.2) passes over: what refers to them would get nothing, and the policies no resource. */
const NOT_MADE = /^AWS::(SecretsManager|MemoryDB)::|^AWS::(S3::Bucket|SQS::Queue)Policy$/;

/**
 * The template as the emulator can make it. Resources of types it does not know become parameters of the same names whose
 * values look like theirs, so that whatever refers to them gets something; all others are untouched.
 */
export function emulatedTemplate(name: TemplateName): { body: string; made: string[]; notMade: string[] } {
  const template = readTemplate(name);
  const notMade = Object.entries(template.Resources).filter(([, { Type }]) => NOT_MADE.test(Type));
  const names = notMade.map(([resource]) => resource);
  const standIns = notMade.map(([resource, { Type }]) => [
    resource,
    { Type: 'String', Default: standInFor(resource, Type), Description: `stands in for ${Type}` },
  ]);
  const kept = Object.entries(template.Resources).filter(([resource]) => !names.includes(resource));
  const changed = mapObjects({ ...template, Resources: Object.fromEntries(kept) }, (object) => {
    const [resource] = (object['Fn::GetAtt'] as string[] | undefined) ?? [];
    return resource !== undefined && names.includes(resource) ? { Ref: resource } : undefined;
  }) as Template;
  Object.assign(changed.Parameters, Object.fromEntries(standIns));
  return { body: JSON.stringify(changed), made: kept.map(([resource]) => resource), notMade: names };
}

function standInFor(resource: string, type: string): string {
  if (type === 'AWS::SecretsManager::Secret')
    return `arn:aws:secretsmanager:us-east-1:123456789012:secret:${resource}-a1b2c3`;
  return `${resource.toLowerCase()}.example.internal`;
}
