// The address at which another machine reaches the API server, and whether the node's name is free.
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isReason } from '../../api/status.ts'
import type { Node } from '../../api/types/core-v1.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { endpoints, nodes } from '../../client/resources.ts'

/** The advertised address, which the Endpoints of the Service "kubernetes" hold. Rejects with a UserError if there is none for others. */
export async function reachableServer(client: Client, ownServer: string, signal: AbortSignal): Promise<string> {
  const advice = 'start "bulkhead up" with --bind-address 0.0.0.0, or with --advertise-address'
  const { hostname } = new URL(ownServer)
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
  if (!isLocal) return ownServer
  const found = await client.get(endpoints, 'default', 'kubernetes', signal).catch((err: unknown) => {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  })
  const [subset] = found?.subsets ?? []
  const [address, port] = [subset?.addresses?.[0]?.ip, subset?.ports?.[0]?.port]
  if (address === undefined || port === undefined)
    throw new UserError(`Other machines cannot reach the API server at ${ownServer}: ${advice}`)
  if (isOnLoopback(address))
    throw new UserError(`The API server listens for this machine only (${ownServer}, and ${address} for pods): ${advice}`)
  return `https://${isIP(address) === 6 ? `[${address}]` : address}:${port}`
}

/** An address that `up` added to the loopback interface, for pods. */
const isOnLoopback = (address: string): boolean => (networkInterfaces()['lo'] ?? []).some(own => own.address === address)

/** Rejects with a UserError if a machine runs as this node. One that is silent may join again. */
export async function refuseLiveNode(client: Client, name: string, signal: AbortSignal): Promise<void> {
  let node: Node
  try {
    node = await client.get(nodes, '', name, signal)
  } catch (err) {
    if (isReason(err, 'NotFound')) return
    throw err
  }
  if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true)
    throw new UserError(
      `Node "${name}" runs in this cluster already: choose another name with --node, or end that one first with "bulkhead node remove ${name}"`,
    )
}
