// `bulkhead join-ticket create --control-plane`: prints the line for the machine that joins the control plane, waits for it, gives it the keys
// of the cluster, sealed, and makes its etcd a member. All of it ends with this command: nothing that stays could give keys away later.
import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { parseTicket } from '../../access/credentials/join-ticket.ts'
import { bootstrapUserPrefix } from '../../api/credentials/join-ticket-names.ts'
import { isReason } from '../../api/status.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { settingChecks } from '../../base/config/config.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { certificateSigningRequests, serviceCidrs } from '../../client/resources.ts'
import { isProof, sealFor, type Transfer } from '../../signer/key-transfer.ts'
import { readKeys } from '../../signer/transferred-keys.ts'
import type { EtcdClient } from '../../store/etcd/etcd-client.ts'
import { addLearner, listMembers, promoteMember, removeMember } from '../../store/etcd/membership.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { authorityDigest } from '../join/server-authority.ts'
import { reachableServer, refuseLiveNode } from '../join-ticket/reachable-server.ts'
import { type ControlPlaneRecord, etcdUrl, peerPortOf, writeControlPlane } from '../up/control-plane-record.ts'
import { requestStatus } from '../up/control-socket.ts'
import { type DataDirectory, layout } from '../up/data-directory.ts'
import { issueTickets } from '../up/issue-tickets.ts'
import { type Bundle, bundleBytes, type SharedSettings } from './bundle.ts'
import { type ClusterMembers, controlPlaneAt, openMembers } from './cluster-members.ts'
import { bundleAnnotation, claimOf, mailboxOf, refusalAnnotation } from './mailbox.ts'

/** The ticket lets a machine have all keys of the cluster, so it is shorter than that of a node. */
export const controlPlaneTicketSeconds = 15 * 60
const pollMs = 500
const answerMs = 30_000
const learnerMs = 30_000
/** From the keys until the new member has all data. */
const memberMs = 10 * 60_000
const secretBytes = 24

export interface AdmitFlags {
  readonly node: string
  readonly server?: string
  readonly dataDir: string
}

export interface AdmitOutput {
  ticket(text: string): void
  note(text: string): void
}

/** Rejects with a UserError; then the machine is no member, and the ticket counts for nothing. */
export async function admitMachine(
  { node, server, dataDir }: AdmitFlags,
  output: AdmitOutput,
  stop: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  if (!settingChecks.nodeName.accepts(node)) throw new UserError(`--node must be ${settingChecks.nodeName.expected}, got "${node}"`)
  const directory = layout(dataDir)
  const record = await controlPlaneAt(directory)
  // Its use is an alarm: whoever reads the alarms learns of every machine that got the keys.
  const found = await findKubeconfig({ kubeconfig: directory.breakGlass })
  await using transport = reachCluster(found, 'bulkhead-join-ticket')
  const client = new Client(transport)
  const limit = () => AbortSignal.any([stop, AbortSignal.timeout(answerMs)])
  await refuseLiveNode(client, node, limit())
  const settings = await sharedSettings(client, directory, new URL(found.config.server).port, limit())
  const address = server ?? (await reachableServer(client, found.config.server, limit()))
  using members = await openMembers(record, directory, limit())
  const { etcd } = members
  const replaced = await refuseLiveMember(members, node)
  const { certificate, key, ca } = found.config
  if (certificate === undefined || key === undefined) throw new UserError(`The kubeconfig "${directory.breakGlass}" has no certificate`)
  const [issued] = await issueTickets(found.config.server, { ca, certificate, key }, [node], controlPlaneTicketSeconds)
  const ticketId = parseTicket(issued?.token ?? '')?.id
  if (issued === undefined || ticketId === undefined) throw new Error('no ticket was created')
  const secret = randomBytes(secretBytes).toString('base64url')
  output.ticket(`npx bulkhead join ${address} --ticket ${issued.token} --ca-digest ${authorityDigest(ca)} --control-plane ${secret}`)
  output.note(
    `Run this line as root on the machine that becomes "${node}" of the control plane. It gets all keys of the cluster, once, within ${controlPlaneTicketSeconds / 60} minutes. This command waits for it; Ctrl-C takes the ticket back.`,
  )
  const until = clock.monotonic() + controlPlaneTicketSeconds * 1000
  const request = await untilRequested(client, { ticketId, node }, secret, until, clock, stop)
  const admission: Admission = { client, etcd, record, directory, settings, secret, replaced, output, clock }
  await admit(admission, request, stop)
}

async function sharedSettings(client: Client, directory: DataDirectory, port: string, signal: AbortSignal): Promise<SharedSettings> {
  const status = await requestStatus(directory.supervisorSocket)
  if (status === undefined) throw new UserError(`No "bulkhead up" runs in "${directory.path}": start it first`)
  const range = (await client.get(serviceCidrs, '', 'kubernetes', signal)).spec.cidrs?.find(cidr => !cidr.includes(':'))
  if (range === undefined) throw new UserError('The ServiceCIDR "kubernetes" has no IPv4 range')
  return { profile: status.profile === 'upstream' ? 'upstream' : 'secure', port: Number(port || 443), serviceClusterIpRange: range }
}

/** The id of a dead member of this name, which the new one replaces. */
async function refuseLiveMember(members: ClusterMembers, name: string): Promise<string | undefined> {
  const member = (await listMembers(members.etcd)).find(other => other.name === name)
  if (member === undefined) return undefined
  if (await members.answers(member))
    throw new UserError(`A member "${name}" of etcd runs: choose another name with --node, or stop that machine first`)
  return member.ID
}

/** The request of a machine that knows the secret. Others are refused and named. */
async function untilRequested(
  client: Client,
  who: Pick<Transfer, 'ticketId' | 'node'>,
  secret: string,
  until: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<Transfer> {
  for (; clock.monotonic() < until; await clock.sleep(pollMs, stop)) {
    const request = await mailbox(client, who.ticketId, stop)
    if (request === undefined) continue
    const claim = claimOf(request, who)
    const isOurs =
      request.spec.username === `${bootstrapUserPrefix}${who.ticketId}` &&
      claim !== undefined &&
      isIP(claim.transfer.address) !== 0 &&
      isProof(secret, claim.transfer, claim.proof)
    if (isOurs) return claim.transfer
    await refuse(client, who.ticketId, 'the request does not prove the secret of --control-plane', stop)
    throw new UserError(
      'Somebody used the ticket without the secret of --control-plane: no key was given away. If the line was pasted whole, the request was changed on its way',
    )
  }
  throw new UserError(`No machine used the ticket within ${controlPlaneTicketSeconds / 60} minutes: create another one`)
}

async function mailbox(client: Client, ticketId: string, signal: AbortSignal): Promise<CertificateSigningRequest | undefined> {
  try {
    return await client.get(certificateSigningRequests, '', mailboxOf(ticketId), signal)
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    // A server that is just being replaced: the next poll reaches another one.
    if (err instanceof Error && !signal.aborted && !isReason(err, 'Forbidden') && !isReason(err, 'Unauthorized')) return undefined
    throw err
  }
}

const refuse = async (client: Client, ticketId: string, why: string, signal: AbortSignal): Promise<void> => {
  await annotate(client, ticketId, { [refusalAnnotation]: why }, signal)
}

async function annotate(client: Client, ticketId: string, annotations: Record<string, string | null>, signal: AbortSignal): Promise<void> {
  await client.patch(certificateSigningRequests, '', mailboxOf(ticketId), { metadata: { annotations } }, { type: 'merge' }, signal)
}

interface Admission {
  readonly client: Client
  readonly etcd: EtcdClient
  readonly record: ControlPlaneRecord
  readonly directory: DataDirectory
  readonly settings: SharedSettings
  readonly secret: string
  readonly replaced: string | undefined
  readonly output: AdmitOutput
  readonly clock: Clock
}

async function admit(admission: Admission, transfer: Transfer, stop: AbortSignal): Promise<void> {
  const { client, etcd, record, directory, settings, secret, replaced, output } = admission
  const { node, address, ticketId } = transfer
  let added: string | undefined
  try {
    if (replaced !== undefined) await removeMember(etcd, replaced)
    const { id, members } = await learner(admission, etcdUrl(address, peerPortOf(record.etcdPort)), stop)
    added = id
    const peers = members.map(member => ({ name: member.ID === id ? node : member.name, address: hostOf(member.peerURLs[0] ?? '') }))
    const own: ControlPlaneRecord = { ...record, name: node, address, state: 'existing', members: peers }
    const bundle: Bundle = { keys: await readKeys(directory.signer), record: own, settings }
    const sealed = sealFor(secret, transfer, bundleBytes(bundle))
    await annotate(client, ticketId, { [bundleAnnotation]: sealed }, AbortSignal.any([stop, AbortSignal.timeout(answerMs)]))
    output.note(`"${node}" at ${address} has the keys. Its etcd catches up …`)
    await untilPromoted(admission, id, node, stop)
    // Read by the next start of this machine, for when its own member is away.
    await writeControlPlane(directory.controlPlane, { ...record, members: peers })
  } catch (err) {
    const tell = refuse(client, ticketId, `it did not become a member: ${messageOf(err)}`, AbortSignal.timeout(answerMs))
    await tell.catch((failed: unknown) => output.note(`The other machine was not told: ${messageOf(failed)}`))
    // A learner that never comes would stay in the list.
    const removed = added === undefined ? undefined : removeMember(etcd, added)
    await removed?.catch((failed: unknown) => output.note(`The member ${added} of etcd was not removed: ${messageOf(failed)}`))
    throw err instanceof UserError ? err : new UserError(`"${node}" did not become a member: ${messageOf(err)}`, { cause: err })
  } finally {
    // Used or not, what was sealed is not kept.
    await annotate(client, ticketId, { [bundleAnnotation]: null }, AbortSignal.timeout(answerMs)).catch((err: unknown) =>
      output.note(`The sealed keys stay in the certificate request "${mailboxOf(ticketId)}" for a day: ${messageOf(err)}`),
    )
  }
  output.note(`"${node}" is part of the control plane.`)
}

/** etcd accepts a member only when all others have been connected for some seconds. */
async function learner({ etcd, clock }: Admission, peerUrl: string, stop: AbortSignal) {
  const until = clock.monotonic() + learnerMs
  for (;;) {
    try {
      return await addLearner(etcd, peerUrl)
    } catch (err) {
      if (clock.monotonic() > until) throw err
    }
    await clock.sleep(pollMs, stop)
  }
}

async function untilPromoted({ etcd, clock }: Admission, id: string, node: string, stop: AbortSignal): Promise<void> {
  const until = clock.monotonic() + memberMs
  for (;;) {
    try {
      await promoteMember(etcd, id)
      return
    } catch (err) {
      if (clock.monotonic() > until)
        throw new UserError(`The etcd of "${node}" has not caught up within ${memberMs / 60_000} minutes: ${messageOf(err)}`, {
          cause: err,
        })
    }
    await clock.sleep(pollMs, stop)
  }
}

const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '')
