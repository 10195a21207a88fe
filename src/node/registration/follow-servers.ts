// Keeps the list of the cluster's API servers from the endpoints of the Service `kubernetes`, and on disk for the next start.
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type Clock, pause } from '../../base/clock.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isTexts, parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Client } from '../../client/client.ts'
import { endpoints } from '../../client/resources.ts'
import { ServerChoice } from '../../client/transport/server-choice.ts'

const everyMs = 10_000
const askMs = 10_000

const fileIn = (folder: string): string => join(folder, 'servers.json')

/** The servers that were known when this node ran last. `folder` is that of its certificate. */
export async function knownServers(server: string, folder: string): Promise<ServerChoice> {
  return new ServerChoice(server, serversIn((await readTextIfThere(fileIn(folder))) ?? '[]'))
}

/** A damaged file only means that fewer servers are known. */
function serversIn(text: string): readonly string[] {
  try {
    const value = parseJson(text)
    return isTexts(value) ? value.filter(url => URL.canParse(url) && new URL(url).protocol === 'https:') : []
  } catch {
    return []
  }
}

export interface FollowServersOptions {
  readonly client: Client
  readonly servers: ServerChoice
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
}

/** Until the signal. */
export async function followServers({ client, servers, folder, clock, log }: FollowServersOptions, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await pause(clock, everyMs, signal)) {
    try {
      const { subsets } = await client.get(endpoints, 'default', 'kubernetes', AbortSignal.any([signal, AbortSignal.timeout(askMs)]))
      const listed = (subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
        addresses.flatMap(({ ip }) => ports.slice(0, 1).map(({ port }) => ({ ip, port }))),
      )
      const others = othersOf(listed, servers.first, ownAddresses())
      // One server alone, on loopback, is listed nowhere.
      if (listed.length === 0 || [servers.first, ...others].join() === servers.all.join()) continue
      servers.set(others)
      await replaceFile(fileIn(folder), `${writeJson(others)}\n`, 0o600)
      log.info('API servers', { servers: servers.all })
    } catch (err) {
      if (!signal.aborted) log.debug('cannot read which API servers there are', { err })
    }
  }
}

/** A server on this machine that is reached by loopback is the one of its own address. Pure. */
export function othersOf(
  listed: readonly { readonly ip: string; readonly port: number }[],
  first: string,
  own: ReadonlySet<string>,
): string[] {
  const host = new URL(first).hostname.replace(/^\[|\]$/g, '')
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.')
  return listed
    .filter(({ ip }) => isIP(ip) !== 0 && !(isLocal && own.has(ip)))
    .map(({ ip, port }) => `https://${ip.includes(':') ? `[${ip}]` : ip}:${port}`)
    .filter(url => url !== first)
    .sort()
}

const ownAddresses = (): ReadonlySet<string> =>
  new Set(Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address)))
