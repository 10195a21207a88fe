// `bulkhead join`: makes this machine a node of a cluster whose control plane runs on another machine, and runs it until Ctrl-C.
import { existsSync } from 'node:fs'
import { isReason } from '../../api/status.ts'
import { systemClock } from '../../base/clock.ts'
import { createConfig, type Settings, thisMachine } from '../../base/config/config.ts'
import { Secret } from '../../base/config/secret.ts'
import { createLogger, type Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { nodes } from '../../client/resources.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import { missingWireGuard } from '../../network/links/link-device.ts'
import { thresholdsWith } from '../../node/eviction/thresholds.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { readIdentity } from '../../node/registration/identity-file.ts'
import { StoredIdentity } from '../../node/registration/node-identity.ts'
import { partCode } from '../../supply-chain/release/part-code.ts'
import { verifiedPackage } from '../../supply-chain/release/verified-package.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { takeControlSocket } from '../up/control-socket.ts'
import { type DataDirectory, layout, takeDataDirectory } from '../up/data-directory.ts'
import { entryScript } from '../up/entry-script.ts'
import { stopping } from '../up/messages.ts'
import { checkNodePrograms } from '../up/node-programs.ts'
import { type Identity, partIdentity } from '../up/part-identities.ts'
import { runtimeFor } from '../up/runtime.ts'
import { aborted, stopSignal } from '../up/stop-signal.ts'
import { Supervisor } from '../up/supervisor.ts'
import { readClusterSettings } from './cluster-settings.ts'
import { keepDnsToken, requestDnsToken } from './dns-token.ts'
import { joinParts } from './join-parts.ts'
import { forgetJoined, type JoinedCluster, readJoined, refuseOwnCluster, writeJoined } from './joined-cluster.ts'
import { nodeOfTicket } from './redeemable-ticket.ts'
import { authorityDigest, fetchAuthority, parseDigest } from './server-authority.ts'

export interface JoinFlags extends Pick<Settings, 'dataDir' | 'evictionHard' | 'logLevel'> {
  readonly ticket?: string
  readonly caDigest?: string
}

/** What is known of the cluster before this machine is part of it. */
interface Invitation {
  readonly joined: JoinedCluster
  readonly ticket: Secret
}

/** `address` is needed the first time only. Rejects with a UserError; then nothing is half-joined. */
export async function joinCluster(address: string | undefined, flags: JoinFlags): Promise<void> {
  const { ticket, caDigest, ...settings } = flags
  const config = createConfig(thisMachine(process.env), settings)
  thresholdsWith(config.evictionHard)
  if (process.getuid?.() !== 0) throw new UserError('A node runs containers, so "bulkhead join" needs root: start it with sudo')
  checkNodePrograms(existsSync)
  const missing = missingWireGuard()
  if (missing !== undefined) throw new UserError(`Cannot join: ${missing}`)
  const stop = stopSignal()
  const print = (text: string) => process.stdout.write(`${text}\n`)
  const planned = layout(config.dataDirectory)
  refuseOwnCluster(planned)
  const earlier = await usableJoin(planned, address)
  const known = earlier && ticket !== undefined && (await isRemoved(earlier, planned, stop)) ? undefined : earlier
  // Everything that can be refused is, before anything is made on this machine.
  const invitation = known === undefined ? await acceptInvitation(address, ticket, caDigest) : undefined
  const identity = partIdentity(config.dataDirectory, planned.signer)
  const { directory, lock } = await takeDataDirectory(config.dataDirectory, identity)
  using _held = lock
  const log = createLogger({ part: 'join', level: config.logLevel })
  const joined = known ?? (invitation === undefined ? undefined : await redeem(invitation, directory, log, stop))
  if (joined === undefined) throw new Error('neither joined nor invited')
  await run({ joined, directory, identity, evictionHard: config.evictionHard, logLevel: config.logLevel, log, stop, print })
}

/** The cluster that this machine joined earlier, if its certificate is still valid. An address that is named now replaces the stored one. */
async function usableJoin(directory: DataDirectory, address: string | undefined): Promise<JoinedCluster | undefined> {
  const joined = await readJoined(directory)
  if (joined === undefined) return undefined
  const identity = await readIdentity(nodeDirectory(directory.node).pki, joined.nodeName, systemClock.now())
  if (identity === undefined) return undefined
  const server = address === undefined ? joined.server : serverUrl(address).origin
  if (server !== joined.server) await fetchAuthority(new URL(server), authorityDigest(joined.ca))
  return { ...joined, server }
}

/** Whether the node was removed from its cluster, so that it needs the ticket that was given. */
async function isRemoved(joined: JoinedCluster, directory: DataDirectory, signal: AbortSignal): Promise<boolean> {
  try {
    await withNodeClient(joined, directory, (client, until) => client.get(nodes, '', joined.nodeName, until), signal)
    return false
  } catch (err) {
    if (isReason(err, 'Unauthorized')) return true
    if (err instanceof UserError || isReason(err, 'NotFound')) return false
    throw new UserError(`Cannot reach the API server at ${joined.server}: ${messageOf(err)}`, { cause: err })
  }
}

async function acceptInvitation(
  address: string | undefined,
  ticket: string | undefined,
  caDigest: string | undefined,
): Promise<Invitation> {
  if (address === undefined || ticket === undefined || caDigest === undefined)
    throw new UserError(
      'This machine has not joined a cluster, or its certificate has ended: give the whole line that "bulkhead join-ticket create --node NAME" prints on the first machine',
    )
  const server = serverUrl(address)
  const ca = await fetchAuthority(server, parseDigest(caDigest))
  const secret = new Secret(ticket)
  const nodeName = await nodeOfTicket(server.origin, ca, secret, () => systemClock.now())
  return { joined: { server: server.origin, ca, nodeName }, ticket: secret }
}

function serverUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new UserError(`The address of the API server must be https://ADDRESS:PORT, got "${address}"`)
  return url
}

/** Uses the ticket for the node's certificate, then records the cluster. */
async function redeem({ joined, ticket }: Invitation, directory: DataDirectory, log: Logger, signal: AbortSignal): Promise<JoinedCluster> {
  const { pki } = nodeDirectory(directory.node)
  // First: without it, a crash after the certificate would waste the ticket. Without a certificate it counts for nothing.
  await writeJoined(directory, joined)
  try {
    await using _identity = await StoredIdentity.open(
      { ...joined, ticket, pki, userAgent: 'bulkhead-join', clock: systemClock, log, random: Math.random },
      signal,
    )
  } catch (err) {
    await forgetJoined(directory)
    signal.throwIfAborted()
    const text = messageOf(err)
    throw new UserError(text.startsWith('Cannot join') ? text : `Cannot join ${joined.server} as node "${joined.nodeName}": ${text}`, {
      cause: err,
    })
  }
  return joined
}

interface RunInput {
  readonly joined: JoinedCluster
  readonly directory: DataDirectory
  readonly identity: Identity
  readonly evictionHard: Readonly<Record<string, number>>
  readonly logLevel: 'error' | 'info' | 'debug'
  readonly log: Logger
  readonly stop: AbortSignal
  print(text: string): void
}

async function run({ joined, directory, identity, evictionHard, logLevel, log, stop, print }: RunInput): Promise<void> {
  const { server, nodeName } = joined
  const asNode = <T>(act: (client: Client, signal: AbortSignal) => Promise<T>) => withNodeClient(joined, directory, act, stop)
  const settings = await asNode(readClusterSettings)
  await using stack = new AsyncDisposableStack()
  const command = await runtimeFor(entryScript(), directory.path, true)
  const code = partCode(verifiedPackage(), command[1])
  const supervisor = new Supervisor({
    command,
    ...(code === undefined ? {} : { verifyCode: () => code.verify() }),
    ...{ logLevel, log, clock: systemClock, stopping: stop },
    onRestart: (part, exit, delayMs) => print(`The ${part} ended (${exit}); it is restarted in ${delayMs} ms.`),
  })
  stack.use(
    await takeControlSocket(directory.supervisorSocket, () => ({
      ...{ version: bulkheadVersion, pid: process.pid, server, profile: 'secure', parts: supervisor.states() },
    })),
  )
  stack.use(supervisor)
  const dnsToken = () => asNode((client, signal) => requestDnsToken(client, nodeName, signal))
  const parts = joinParts({ joined, directory, evictionHard, settings, dnsUser: identity.dns, dnsToken })
  supervisor.expect(parts.node)
  const started = (async () => {
    await supervisor.start(parts.node)
    await supervisor.start(parts.dns)
    print(`Node "${nodeName}" is Ready in the cluster at ${server}. Ctrl-C stops it; its certificate stays.`)
    await keepDnsToken({ request: dnsToken, clock: systemClock, log }, token => supervisor.change(parts.dns.name, { token }), stop)
  })()
  await Promise.race([started, aborted(stop)])
  await aborted(stop)
  print(stopping)
}

/** With the certificate as it is now: the agent renews it. */
async function withNodeClient<T>(
  { server, ca, nodeName }: JoinedCluster,
  directory: DataDirectory,
  act: (client: Client, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const identity = await readIdentity(nodeDirectory(directory.node).pki, nodeName, systemClock.now())
  if (identity === undefined) throw new UserError(`Node "${nodeName}" has no valid certificate any more: join again with a new ticket`)
  await using transport = createHttpTransport({ server, ca, ...identity, userAgent: 'bulkhead-join' })
  return await act(new Client(transport), signal)
}
