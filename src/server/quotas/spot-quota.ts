/** How many vCPUs of Spot instances of some families may run at a time in a region. */
export interface SpotQuota {
  code: string;
  /** As AWS names it. */
  name: string;
}

interface SpotQuotaClass extends SpotQuota {
  families: RegExp;
}

/**
 * Source: "Spot Instance quotas" (docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html), looked up 2026-11-26. A
 * family is the word before the dot (`g4dn`); the first class that fits is its own, and what fits none (`u7i`, `hpc7g`,
 * `mac2`, P6) has no Spot quota AWS documents. AWS names the letters only: that `gr` is one of G, and `im` and `is` are of I, is an assumption.
 */
const SPOT_QUOTAS: readonly SpotQuotaClass[] = [
  { code: 'L-85EED4F7', name: 'All DL Spot Instance Requests', families: /^dl\d/ },
  { code: 'L-88CF9481', name: 'All F Spot Instance Requests', families: /^f\d/ },
  { code: 'L-3819A6DF', name: 'All G and VT Spot Instance Requests', families: /^(g|gr|vt)\d/ },
  { code: 'L-B5D1601B', name: 'All Inf Spot Instance Requests', families: /^inf\d/ },
  { code: 'L-7212CCBC', name: 'All P4, P3 and P2 Spot Instance Requests', families: /^p[234]/ },
  { code: 'L-C4BD4855', name: 'All P5 Spot Instance Requests', families: /^p5/ },
  { code: 'L-6B0D517C', name: 'All Trn Spot Instance Requests', families: /^trn\d/ },
  { code: 'L-E3A00192', name: 'All X Spot Instance Requests', families: /^x\d/ },
  {
    code: 'L-34B43A08',
    name: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests',
    families: /^(a|c|d|h|i|im|is|m|r|t|z)\d/,
  },
];

/** The quota Spot instances of this family (`g4dn`) count against; null: none that is documented. */
export function spotQuotaOf(family: string): SpotQuota | null {
  const found = SPOT_QUOTAS.find(({ families }) => families.test(family));
  return found === undefined ? null : { code: found.code, name: found.name };
}
