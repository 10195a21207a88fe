// The CNI configuration that containerd uses for each pod: a routed point-to-point link, so that every packet between two pods passes the
// node's forward hook (see docs/adr/0004-routed-pod-links.md), with addresses from the node's range.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextIfThere } from '../base/files/read-text.ts'
import { ensureFile } from '../base/files/replace-file.ts'
import { writeJson } from '../base/write-json.ts'

const fileName = '10-bulkhead.conflist'

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

/** The range of the configuration that an earlier agent left; undefined if there is none. */
export async function configuredRange(configDirectory: string): Promise<string | undefined> {
  const text = await readTextIfThere(join(configDirectory, fileName))
  return text === undefined ? undefined : /"subnet": "([0-9./]{1,18})"/.exec(text)?.[1]
}

export async function writeCniConfiguration({ configDirectory, ...options }: CniOptions): Promise<void> {
  await mkdir(configDirectory, { recursive: true, mode: 0o700 })
  const path = join(configDirectory, fileName)
  await ensureFile(path, `${writeJson(cniConfiguration(options), null, 2)}\n`, 0o644)
}
