import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kernelName } from './leftovers.js';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);

/**
 * One private IPv4 network for hosts with addresses of their own: a bridge on this machine and a network namespace for
 * each host. 198.18.0.0/15 is set aside for tests of network gear (RFC 2544), so no real network is hidden by it.
 */
export class TestNetwork {
  static readonly machineAddress = '198.18.77.1';
  private static bridge: Promise<string> | null = null;
  private static hosts = 1;

  private constructor(
    readonly namespace: string,
    readonly address: string,
    private readonly link: string,
  ) {}

  /** Prefix of a command that is to run with the host's network. Mounts stay the machine's. */
  get enter(): string[] {
    return ['nsenter', `--net=/run/netns/${this.namespace}`];
  }

  static async join(testRun: string): Promise<TestNetwork> {
    const bridge = await (this.bridge ??= this.createBridge(testRun));
    this.hosts += 1;
    const number = this.hosts;
    const [namespace, link] = [`${kernelName(testRun)}${number}`, `${kernelName(testRun)}v${number}`];
    const network = new TestNetwork(namespace, `198.18.77.${number}`, link);
    await ip('netns', 'add', namespace);
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', link, 'master', bridge, 'up');
    await ip('-n', namespace, 'address', 'add', `${network.address}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    return network;
  }

  /** As when the host's power goes: nothing it sends from now on arrives. */
  async unplug(): Promise<void> {
    await ip('link', 'set', this.link, 'down');
  }

  /** Gives the host an address of another one, too. */
  async takeOver(address: string): Promise<void> {
    await ip('-n', this.namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
  }

  async leave(): Promise<void> {
    await ip('link', 'delete', this.link).catch(() => undefined);
    await ip('netns', 'delete', this.namespace).catch(() => undefined);
  }

  static async removeBridge(): Promise<void> {
    const bridge = await this.bridge?.catch(() => null);
    this.bridge = null;
    if (bridge) await ip('link', 'delete', bridge).catch(() => undefined);
  }

  private static async createBridge(testRun: string): Promise<string> {
    const name = `${kernelName(testRun)}b`;
    // Of its own it would have the lowest address of its ports, and another one when that host leaves.
    await ip('link', 'add', name, 'address', '02:62:70:74:00:01', 'type', 'bridge');
    await ip('address', 'add', `${this.machineAddress}/24`, 'dev', name);
    await ip('link', 'set', name, 'up');
    return name;
  }
}
