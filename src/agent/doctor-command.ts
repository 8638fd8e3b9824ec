import type { HostFinding } from '../protocol/host-facts.js';
import { readAgentSettings, SettingsError } from './agent-settings.js';
import { examineHost } from './doctor.js';

const USAGE = `batchpoint doctor: can this host checkpoint and restore containers, and if not, what to do?

  --json    findings as JSON on stdout
  and the settings of the agent: --state-dir, --docker-socket, --criu-dir, --runc (see \`batchpoint agent --help\`)

Exit code: 0 without errors, 1 with errors, 2 when it was called wrongly.
`;

/** `batchpoint doctor [--json]`. */
export async function run(argv: string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  let findings: HostFinding[];
  try {
    findings = await examineHost(
      readAgentSettings(
        argv.filter((argument) => argument !== '--json'),
        process.env,
      ),
    );
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  const failed = findings.some(({ severity }) => severity === 'error');
  process.stdout.write(
    argv.includes('--json') ? `${JSON.stringify({ ok: !failed, findings }, null, 2)}\n` : table(findings),
  );
  return failed ? 1 : 0;
}

/** One line a finding, remedies below those that need one, and a last line that sums up. */
export function table(findings: readonly HostFinding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ severity, check, message, remedy }) => {
    const line = `${severity.padEnd(7)}  ${check.padEnd(width)}  ${message}`;
    return remedy === undefined ? [line] : [line, `${' '.repeat(width + 11)}-> ${remedy}`];
  });
  const count = (severity: string): number => findings.filter((finding) => finding.severity === severity).length;
  const sum =
    count('error') === 0
      ? `This host can checkpoint and restore containers (${count('warning')} warnings).`
      : `This host cannot checkpoint containers yet: ${count('error')} errors, ${count('warning')} warnings.`;
  return `${lines.join('\n')}\n\n${sum}\n`;
}
