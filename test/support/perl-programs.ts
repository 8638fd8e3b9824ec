import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyProgram, writeImageArchive } from '../../src/standalone/image-archive.js';
import type { TestHost } from './test-host.js';

/** An image of Perl and one program of test/support/programs, the same on all hosts. */
export async function loadPerlProgram(name: string, hosts: readonly TestHost[]): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'bp-perl-'));
  try {
    const archive = join(work, 'image.tar');
    writeImageArchive(archive, name, (root) => {
      copyProgram('/usr/bin/perl', root, 'bin/perl');
      for (const module of modules()) {
        mkdirSync(join(root, dirname(module)), { recursive: true });
        copyFileSync(module, join(root, module));
      }
      copyFileSync(join(import.meta.dirname, 'programs', `${name}.pl`), join(root, 'program'));
    });
    for (const host of hosts) await host.docker('load', '--quiet', '--input', archive);
    return name;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Files of the only modules the programs use. */
function modules(): string[] {
  const list = 'use strict; use warnings; print join "\\n", values %INC';
  return execFileSync('/usr/bin/perl', ['-e', list], { encoding: 'utf8' }).split('\n');
}
