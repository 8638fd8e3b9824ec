/** In which region, and in whose name, AWS is asked about a registered resource. */
export interface AwsAccess {
  region: string;
  /** A role of another account to assume; null: the server's own credentials (the SDK's default chain). */
  roleArn: string | null;
  /** What that role's trust policy asks for; null: nothing. */
  externalId: string | null;
}
