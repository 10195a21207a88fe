// An address of this machine on which pods reach an API server that listens on loopback only. It is on the loopback interface and closed to
// other machines.
import { addressNumber, holds, rangeOf } from '../api/addresses/ipv4-range.ts'
import { UserError } from '../base/user-error.ts'
import { CommandFailed, runProgram } from './command.ts'

/** Networks of 65,536 private addresses, from the far ends of the three private ranges, which few networks use. */
const networks = ['10.254', '172.30', '192.168']

/** The same at each start of the node with this id, and different for other nodes of the machine. No existing network contains it. Pure. */
export function apiAddressFor(id: string, taken: readonly string[]): string {
  const number = Number.parseInt(id.slice(0, 8), 16)
  // Skips the first and the last address of a network.
  const host = `${(number >>> 8) % 256}.${1 + (number % 254)}`
  const ranges = taken.flatMap(cidr => rangeOf(cidr) ?? [])
  const isTaken = (address: string) => ranges.some(range => holds(range, addressNumber(address) ?? Number.NaN))
  const free = networks.map(network => `${network}.${host}`).find(address => !isTaken(address))
  if (free === undefined)
    throw new UserError(
      `The networks of this machine (${taken.join(', ')}) leave no private address on which pods could reach the API server: give an address of the machine with --bind-address`,
    )
  return free
}

export interface ApiAddressOptions {
  readonly address: string
  /** The node's id, as in the names of its other tables. */
  readonly id: string
  /** Addresses of the node's pods. */
  readonly localPods: string
}

/**
 * The rules are loaded before the address is added. Linux answers for each of its addresses on every interface, so a neighbour could route
 * packets to this one. The rules drop those, including packets that arrive through the address of a Service.
 */
export function apiAddressRules({ address, id, localPods }: ApiAddressOptions): string {
  const name = tableName(id)
  return `table ip ${name}
delete table ip ${name}
table ip ${name} {
  chain input {
    type filter hook input priority filter - 3; policy accept;
    ip daddr != ${address} accept
    iifname "lo" accept
    iifname "veth*" ip saddr ${localPods} accept
    drop
  }
}
`
}

/** Safe to call again, also after an earlier process was killed. Disposing removes all of it. */
export async function openApiAddress(options: ApiAddressOptions): Promise<AsyncDisposable> {
  const { address, id } = options
  const ip = (verb: 'replace' | 'delete') => runProgram('ip', ['address', verb, `${address}/32`, 'dev', 'lo'])
  const removeRules = () => runProgram('nft', ['delete', 'table', 'ip', tableName(id)])
  await runProgram('nft', ['-f', '-'], apiAddressRules(options))
  try {
    await ip('replace')
  } catch (err) {
    await removeRules()
    throw err
  }
  return {
    async [Symbol.asyncDispose]() {
      await unlessAbsent(() => ip('delete'))
      await unlessAbsent(removeRules)
    },
  }
}

const tableName = (id: string): string => `bulkhead_${id}_api`

/** The address may have been removed already. */
async function unlessAbsent(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (err) {
    if (!(err instanceof CommandFailed && /No such file|Cannot assign|Address not found/.test(err.stderr))) throw err
  }
}
