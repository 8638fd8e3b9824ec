import { describe } from '@jest/globals';
import { examineMachine, type Machine } from '../../src/standalone/machine.js';
import { motoProgram } from './moto.js';

export type Need = 'linux' | 'root' | 'docker' | 'criu' | 'moto';

let machine: Machine | undefined;

/** Why this machine lacks one of them; null when it has them all. */
function lacking(needs: readonly Need[]): string | null {
  if (needs.includes('linux') && process.platform !== 'linux') return `Linux (this is ${process.platform})`;
  if (needs.includes('root') && process.getuid?.() !== 0) return 'root';
  if (needs.includes('moto') && motoProgram() === undefined)
    return 'moto_server, an emulator of AWS (pip install "moto[server]", or test/support/install-moto.sh on Debian)';
  if (needs.includes('docker') || needs.includes('criu')) {
    machine ??= examineMachine({ demo: true });
    if (!machine.capable) return machine.missing.join('; ');
  }
  return null;
}

/**
 * A `describe` for machines that have what is named. Elsewhere its tests are skipped with the reason in their names,
 * counted at the end (skips.reporter.js), and with CI=true fail the run.
 */
export function describeNeeding(needs: readonly Need[], name: string, define: () => void): void {
  const reason = lacking(needs);
  if (reason === null) describe(name, define);
  else describe['skip'](`${name} [needs ${reason}]`, define);
}
