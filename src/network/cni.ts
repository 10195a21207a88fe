// The CNI configuration that containerd uses for each pod: a routed point-to-point link, so that every packet between two pods passes the
// node's forward hook (see docs/adr/0004-routed-pod-links.md), with addresses from the node's range.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureFile } from '../base/files/replace-file.ts'

export interface CniOptions {
  readonly configDirectory: string
  readonly stateDirectory: string
  /** The node's range, such as `10.244.0.0/24`. */
  readonly podCidr: string
  readonly mtu?: number
}

function cniConfiguration({ podCidr, stateDirectory, mtu }: Omit<CniOptions, 'configDirectory'>): object {
  return {
    cniVersion: '1.0.0',
    name: 'bulkhead',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: join(stateDirectory, 'addresses'),
        },
      },
    ],
  }
}

export async function writeCniConfiguration({ configDirectory, ...options }: CniOptions): Promise<void> {
  await mkdir(configDirectory, { recursive: true, mode: 0o700 })
  const path = join(configDirectory, '10-bulkhead.conflist')
  await ensureFile(path, `${JSON.stringify(cniConfiguration(options), null, 2)}\n`, 0o644)
}
