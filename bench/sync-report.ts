/** What a stretch of the sync took. */
export interface SyncFigures {
  /** Until what. */
  what: string;
  lists: number;
  descriptions: number;
  /** As it takes the product, with the pauses that keep it below its limit and those between two turns. */
  seconds: number;
  /** The same without pauses. */
  workSeconds: number;
  /** Of this process: server and stand-in, without PostgreSQL. */
  cpuSeconds: number;
}

export function toSyncTable(figures: readonly SyncFigures[]): string {
  const rows = figures.map(({ what, lists, descriptions, seconds, workSeconds, cpuSeconds }) =>
    [
      what,
      lists,
      descriptions,
      ((lists + descriptions) / (seconds / 60)).toFixed(0),
      `${seconds.toFixed(0)} s`,
      `${workSeconds.toFixed(1)} s`,
      `${cpuSeconds.toFixed(1)} s`,
    ].join(' | '),
  );
  return [
    '| Until | `ListJobs` | `DescribeJobs` | calls a minute | it takes | of which work | of which CPU in Node.js |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
