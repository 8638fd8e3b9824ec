/** Statements of an IAM policy that allow and nothing else, as JSON policies spell them. */
export interface IamStatement {
  sid: string;
  /** `service:Action`, never with a wildcard. */
  actions: string[];
  /** ARNs, with `*` where account or region are not known; `*` alone where AWS takes no narrower resource. */
  resources: string[];
}

/** What a storage needs of AWS besides itself. Pure data: what it is used for, not what anyone has. */
export interface StorageRequirements {
  iam: {
    /** For the server's role (or the one the storage names): to check the storage. */
    server: IamStatement[];
    /** For the instance profile of the hosts: to mount and use it. */
    host: IamStatement[];
  };
  /** CloudFormation resource types the storage consists of. */
  cloudFormation: string[];
  /** TCP ports the hosts reach at the storage. */
  ports: { from: number; to: number; purpose: string }[];
}

/** `*` for a part that is not known. */
export function arn(service: string, region: string | null, resource: string, account = '*'): string {
  return `arn:aws:${service}:${region ?? '*'}:${account}:${resource}`;
}
