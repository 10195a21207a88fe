// Approves certificates of nodes: the first one with its join ticket, later ones because the node itself requests them.

import { ticketNamespace, ticketSecretPrefix, ticketSecretType } from '../../api/credentials/join-ticket-names.ts'
import { isReason } from '../../api/status.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import type { Node, Secret } from '../../api/types/core-v1.ts'
import { messageOf } from '../../base/user-error.ts'
import { certificateSigningRequests, nodes, secrets } from '../../client/resources.ts'
import { type Context, type Controller, done, type Result } from '../controller.ts'
import { certificateController } from './certificate-identity.ts'
import { readRequest } from './certificate-request.ts'
import { conditionsWith, hasCondition, kubeletClientSigner, planApproval, ticketIdOf } from './certificate-rules.ts'

export const csrApproving: Controller = {
  name: 'csrapproving-controller',
  identity: certificateController,
  watches: certificateSigningRequests,
  // One at a time, because a ticket is used once.
  workers: 1,
  begin(context) {
    const cache = context.informers.full(certificateSigningRequests)
    const approvals: Approvals = { tickets: new Set(), registered: context.informers.full(nodes) }
    return async (key, signal) => {
      const request = cache.getByKey(key)
      if (request === undefined || request.spec.signerName !== kubeletClientSigner || hasCondition(request, 'Denied')) return done
      if (hasCondition(request, 'Approved')) return followTicket(context, request, signal)
      await decide(context, request, approvals, signal)
      return done
    }
  },
}

interface Approvals {
  /** Ids of used tickets. */
  readonly tickets: Set<string>
  readonly registered: { getByKey(key: string): Node | undefined }
}

async function decide(context: Context, request: CertificateSigningRequest, approvals: Approvals, signal: AbortSignal): Promise<void> {
  const { log } = context
  const name = request.metadata.name
  let identity: Awaited<ReturnType<typeof readRequest>>
  try {
    identity = await readRequest(request.spec.request)
  } catch (err) {
    log.info('certificate request not readable', { certificateSigningRequest: name, err })
    return
  }
  const plan = planApproval(request, identity)
  if (plan.approval === 'none') return
  if (plan.approval === 'self') return approve(context, request, plan.message, signal)
  const ticket = approvals.tickets.has(plan.ticketId) ? undefined : await readTicket(context, plan.ticketId, signal)
  if (ticket === undefined || !ticketAdmits(ticket, plan.node, context.clock.now())) {
    log.info('certificate request without a valid join ticket', { certificateSigningRequest: name, node: plan.node })
    return
  }
  if (isTakenSince(ticket, plan.node, approvals))
    return deny(context, request, `node "${plan.node}" has joined with another ticket meanwhile`, signal)
  await approve(context, request, plan.message, signal)
  approvals.tickets.add(plan.ticketId)
  await markUsed(context, ticket, request, signal)
}

/** Another machine has taken the name since the ticket was created: with it, a second one would run under the name. */
function isTakenSince({ metadata }: Secret, node: string, { registered }: Approvals): boolean {
  const created = Date.parse(metadata.creationTimestamp ?? '')
  return Date.parse(registered.getByKey(node)?.metadata.creationTimestamp ?? '') > created
}

/** The ticket names this node, is valid and unused. Authentication has checked its secret part. */
function ticketAdmits(ticket: Secret, node: string, now: number): boolean {
  return (
    ticket.type === ticketSecretType &&
    node !== '' &&
    ticketValue(ticket, 'node') === node &&
    ticketValue(ticket, 'request') === '' &&
    untilExpiry(ticket, now) > 0
  )
}

const ticketValue = (ticket: Secret, key: string): string => Buffer.from(ticket.data?.[key] ?? '', 'base64').toString('utf8')

/** In milliseconds; 0 for a ticket with an invalid expiry. */
function untilExpiry(ticket: Secret, now: number): number {
  const expires = Date.parse(ticketValue(ticket, 'expires'))
  return Number.isFinite(expires) ? expires - now : 0
}

async function readTicket({ client }: Context, id: string, signal: AbortSignal): Promise<Secret | undefined> {
  try {
    return await client.get(secrets, ticketNamespace, `${ticketSecretPrefix}${id}`, signal)
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}

/** From now on the ticket can only read the request that it was used for: the node needs it to fetch its certificate. */
async function markUsed(
  { client, log }: Context,
  { metadata }: Secret,
  request: CertificateSigningRequest,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', resourceVersion } = metadata
  const mark = { metadata: { resourceVersion }, data: { request: Buffer.from(request.metadata.name ?? '').toString('base64') } }
  await client.patch(secrets, ticketNamespace, name, mark, { type: 'merge' }, signal)
  log.info('join ticket used', { secret: name, certificateSigningRequest: request.metadata.name })
}

/** After an approval: marks the ticket as used if a crash prevented that, and removes it when it expires. */
async function followTicket(context: Context, request: CertificateSigningRequest, signal: AbortSignal): Promise<Result> {
  const ticketId = ticketIdOf(request.spec)
  const ticket = ticketId === undefined ? undefined : await readTicket(context, ticketId, signal)
  if (ticket === undefined) return done
  const left = untilExpiry(ticket, context.clock.now())
  if (left <= 0) {
    await remove(context, ticket, signal)
    return done
  }
  if (ticketValue(ticket, 'request') === '') await markUsed(context, ticket, request, signal)
  return { requeueAfterMs: left }
}

async function remove({ client, log }: Context, { metadata }: Secret, signal: AbortSignal): Promise<void> {
  try {
    await client.delete(secrets, ticketNamespace, metadata.name ?? '', metadata.uid === undefined ? {} : { uid: metadata.uid }, signal)
    log.info('join ticket removed', { secret: metadata.name })
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
}

const approve = (context: Context, request: CertificateSigningRequest, message: string, signal: AbortSignal): Promise<void> =>
  conclude(context, request, { type: 'Approved', reason: 'AutoApproved', message }, signal)

const deny = (context: Context, request: CertificateSigningRequest, message: string, signal: AbortSignal): Promise<void> =>
  conclude(context, request, { type: 'Denied', reason: 'NodeExists', message }, signal)

async function conclude(
  { client, clock, log }: Context,
  request: CertificateSigningRequest,
  condition: { readonly type: 'Approved' | 'Denied'; readonly reason: string; readonly message: string },
  signal: AbortSignal,
): Promise<void> {
  const conditions = conditionsWith(request, condition, clock.now())
  const name = request.metadata.name ?? ''
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    ...request,
    status: { ...request.status, conditions },
  }
  try {
    await client.subresource('PUT', certificateSigningRequests, '', name, 'approval', body, signal)
    log.info('certificate request decided', { certificateSigningRequest: name, type: condition.type })
  } catch (err) {
    log.debug('certificate request not decided', { certificateSigningRequest: name, reason: messageOf(err) })
    throw err
  }
}
