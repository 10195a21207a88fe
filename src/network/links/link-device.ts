// The node's WireGuard interface: of the kernel where it has the module, else of wireguard-go. It outlives the agent, so that pods of two
// nodes talk on while an agent restarts.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { addressText, rangeOf } from '../../api/addresses/ipv4-range.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { CommandFailed, runProgram } from '../command.ts'
import type { LinkKey } from './link-key.ts'
import type { Peer } from './plan-peers.ts'

export const defaultLinkPort = 51871
/** Of WireGuard with an outer header of IPv6, the larger one. */
const overheadBytes = 80
const defaultMtu = 1500
const smallestMtu = 1280

const goPrograms = ['/usr/bin/wireguard-go', '/usr/local/bin/wireguard-go', '/usr/sbin/wireguard-go']
const wgPrograms = ['/usr/bin/wg', '/usr/local/bin/wg', '/usr/sbin/wg']

/** At most 15 characters, and unique on the machine: wireguard-go names its socket after it, in one folder for all network namespaces. */
export const linkDevice = (id: string): string => `bhwg${id}`

/** Why this machine cannot have encrypted links; undefined if it can. */
export function missingWireGuard(exists: (path: string) => boolean = existsSync): string | undefined {
  const hasDevice = exists('/sys/module/wireguard') || goPrograms.some(exists)
  if (wgPrograms.some(exists) && hasDevice) return undefined
  return 'the pods of two nodes talk only through WireGuard, and this machine has neither the kernel module nor wireguard-go, or no "wg": install them with "apt-get install wireguard-go wireguard-tools"'
}

export interface DeviceOptions {
  readonly device: string
  /** The file of the configuration with the private key, mode 0600, in a folder of the node alone. */
  readonly configFile: string
  readonly key: LinkKey
  readonly port: number
  readonly mtu: number
  readonly podCidr: string
}

/** Makes the interface if it is missing, and gives it exactly these peers and routes. */
export async function applyLinks({ device, configFile, key, port, mtu, podCidr }: DeviceOptions, peers: readonly Peer[]): Promise<void> {
  await ensureDevice(device)
  // All of it in one call: peers that are not listed are removed with their keys, the others keep their sessions.
  // `wg` opens a file by its name, and a pipe of Node has none.
  await writeFile(configFile, deviceConfig(key, port, peers), { mode: 0o600 })
  await runProgram('wg', ['syncconf', device, configFile])
  const own = firstAddress(podCidr)
  await ip(['address', 'replace', `${own}/32`, 'dev', device])
  await ip(['link', 'set', 'dev', device, 'mtu', String(mtu), 'up'])
  const wanted = new Set(peers.map(peer => peer.podCidr))
  for (const route of await routesOf(device)) if (!wanted.has(route)) await ip(['route', 'delete', route, 'dev', device])
  for (const route of wanted) await ip(['route', 'replace', route, 'dev', device, 'src', own, 'mtu', String(mtu)])
}

/** Removes the interface with its routes and keys; wireguard-go ends with it. Having none is no error. */
export async function removeDevice(device: string): Promise<void> {
  try {
    await ip(['link', 'delete', 'dev', device])
  } catch (err) {
    if (!isAbsent(err)) throw err
  }
}

/** The MTU of packets within the links, by the interface with this address. */
export async function linkMtu(address: string | undefined): Promise<number> {
  const listed = parseJson(await runProgram('ip', ['-j', 'address', 'show']))
  return Math.max(smallestMtu, (mtuOf(Array.isArray(listed) ? listed : [], address) ?? defaultMtu) - overheadBytes)
}

function mtuOf(interfaces: readonly unknown[], address: string | undefined): number | undefined {
  for (const entry of interfaces) {
    if (!isJsonObject(entry)) continue
    const { mtu, addr_info: addresses } = entry
    const holds = Array.isArray(addresses) && addresses.some(info => isJsonObject(info) && info['local'] === address)
    if (holds && typeof mtu === 'number') return mtu
  }
  return undefined
}

export function deviceConfig({ privateKey }: LinkKey, port: number, peers: readonly Peer[]): string {
  const sections = peers.map(
    ({ publicKey, endpoint, podCidr }) => `[Peer]\nPublicKey = ${publicKey}\nEndpoint = ${endpoint}\nAllowedIPs = ${podCidr}\n`,
  )
  return [`[Interface]\nPrivateKey = ${privateKey}\nListenPort = ${port}\n`, ...sections].join('\n')
}

/** The node's own address in its range: the source of what the node itself sends to pods of others, and of what it forwards from outside. */
function firstAddress(podCidr: string): string {
  const range = rangeOf(podCidr)
  if (range === undefined) throw new Error(`"${podCidr}" is no IPv4 range`)
  return addressText(range.first + 1)
}

async function ensureDevice(device: string): Promise<void> {
  if (await works(device)) return
  await removeDevice(device)
  try {
    await ip(['link', 'add', 'dev', device, 'type', 'wireguard'])
  } catch (err) {
    if (!(err instanceof CommandFailed && /Unknown device type|not supported/i.test(err.stderr))) throw err
    const program = goPrograms.find(existsSync)
    if (program === undefined) throw new Error(missingWireGuard() ?? 'wireguard-go is missing', { cause: err })
    // It puts itself into the background when the interface exists.
    await runProgram(program, [device])
  }
}

/** Whether an earlier agent left the interface, perhaps with peers that are gone. */
export async function hasDevice(device: string): Promise<boolean> {
  return (await runProgram('ip', ['-o', 'link', 'show'])).includes(` ${device}: `)
}

/** Whether the interface exists and its wireguard-go, if it has one, answers. */
async function works(device: string): Promise<boolean> {
  try {
    await runProgram('wg', ['show', device, 'public-key'])
    return true
  } catch (err) {
    if (err instanceof CommandFailed) return false
    throw err
  }
}

async function routesOf(device: string): Promise<string[]> {
  const listed = parseJson((await ip(['-j', 'route', 'show', 'dev', device])) || '[]')
  if (!Array.isArray(listed)) return []
  return listed.flatMap(route => (isJsonObject(route) && typeof route['dst'] === 'string' ? [route['dst']] : []))
}

const isAbsent = (err: unknown): boolean => err instanceof CommandFailed && /Cannot find device|does not exist/.test(err.stderr)

const ip = (args: readonly string[]): Promise<string> => runProgram('ip', args)
