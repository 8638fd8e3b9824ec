import { StringField } from '../../common/fields.js';

/** In whose name AWS is asked about a storage; of use only with `settings.region`. */
export function RoleArnField(): PropertyDecorator {
  return StringField({
    description:
      "Role of the storage's account that the server assumes to ask AWS about it; null: the server's own credentials.",
    optional: true,
    nullable: true,
    minLength: 20,
    maxLength: 2048,
    pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    patternMessage: 'roleArn must be the ARN of an IAM role such as arn:aws:iam::123456789012:role/batchpoint',
    example: null,
  });
}

export function ExternalIdField(): PropertyDecorator {
  return StringField({
    description: "What the role's trust policy asks for as external id; null: nothing.",
    optional: true,
    nullable: true,
    minLength: 2,
    maxLength: 1224,
    pattern: /^[\w+=,.@:/-]+$/,
    patternMessage: 'externalId must consist of letters, digits and +=,.@:/-_',
    example: null,
  });
}
