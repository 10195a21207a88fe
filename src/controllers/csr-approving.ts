// Approves the certificates of nodes: the first one against its join ticket, later ones because the node asks for itself.
import { isReason } from '../api/status.ts'
import type { CertificateSigningRequest } from '../api/types/certificates-v1.ts'
import type { Secret } from '../api/types/core-v1.ts'
import { formatTime } from '../base/clock.ts'
import { certificateSigningRequests, secrets } from '../client/resources.ts'
import { readRequest } from './certificate-request.ts'
import { bootstrapPrefix, hasCondition, kubeletClientSigner, planApproval } from './certificate-rules.ts'
import { type Context, type Controller, done } from './controller.ts'
import { messageOf } from './pod-control.ts'

const ticketNamespace = 'kube-system'
const ticketType = 'bulkhead.dev/join-ticket'

export const csrApproving: Controller = {
  name: 'csrapproving-controller',
  identity: 'certificate-controller',
  watches: certificateSigningRequests,
  // One at a time: a ticket is used once.
  workers: 1,
  begin(context) {
    const cache = context.informers.full(certificateSigningRequests)
    const used = new Set<string>()
    return async (key, signal) => {
      const request = cache.getByKey(key)
      if (request === undefined || request.spec.signerName !== kubeletClientSigner || hasCondition(request, 'Denied')) return done
      if (hasCondition(request, 'Approved')) await consumeLeftover(context, request, signal)
      else await decide(context, request, used, signal)
      return done
    }
  },
}

async function decide(context: Context, request: CertificateSigningRequest, used: Set<string>, signal: AbortSignal): Promise<void> {
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
  const ticket = used.has(plan.ticketId) ? undefined : await readTicket(context, plan.ticketId, signal)
  if (ticket === undefined || !ticketAdmits(ticket, plan.node, context.clock.now())) {
    log.info('certificate request without a valid join ticket', { certificateSigningRequest: name, node: plan.node })
    return
  }
  await approve(context, request, plan.message, signal)
  used.add(plan.ticketId)
  await consume(context, ticket, signal)
}

/** The ticket names this node and is still valid. Its secret part was checked when the requester authenticated. */
export function ticketAdmits(ticket: Secret, node: string, now: number): boolean {
  const value = (key: string) => Buffer.from(ticket.data?.[key] ?? '', 'base64').toString('utf8')
  const expires = Date.parse(value('expires'))
  return ticket.type === ticketType && node !== '' && value('node') === node && Number.isFinite(expires) && expires > now
}

async function readTicket({ client }: Context, id: string, signal: AbortSignal): Promise<Secret | undefined> {
  if (!/^[a-z0-9]+$/.test(id)) return undefined
  try {
    return await client.get(secrets, ticketNamespace, `bulkhead-join-${id}`, signal)
  } catch (err) {
    if (isReason(err, 'NotFound')) return undefined
    throw err
  }
}

async function consume({ client, log }: Context, { metadata }: Secret, signal: AbortSignal): Promise<void> {
  try {
    await client.delete(secrets, ticketNamespace, metadata.name ?? '', metadata.uid === undefined ? {} : { uid: metadata.uid }, signal)
    log.info('join ticket consumed', { secret: metadata.name })
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
  }
}

/** A crash between approval and consumption must not leave a ticket that works twice. */
async function consumeLeftover(context: Context, { spec }: CertificateSigningRequest, signal: AbortSignal): Promise<void> {
  const { username = '', groups = [] } = spec
  if (!username.startsWith(bootstrapPrefix) || !groups.includes('system:bootstrappers')) return
  const ticket = await readTicket(context, username.slice(bootstrapPrefix.length), signal)
  if (ticket !== undefined) await consume(context, ticket, signal)
}

async function approve(
  { client, clock, log }: Context,
  request: CertificateSigningRequest,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const time = formatTime(clock.now())
  const condition = {
    type: 'Approved',
    status: 'True' as const,
    reason: 'AutoApproved',
    message,
    lastUpdateTime: time,
    lastTransitionTime: time,
  }
  const conditions = [...(request.status?.conditions ?? []), condition]
  const name = request.metadata.name ?? ''
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    ...request,
    status: { ...request.status, conditions },
  }
  try {
    await client.subresource('PUT', certificateSigningRequests, '', name, 'approval', body, signal)
    log.info('certificate request approved', { certificateSigningRequest: name })
  } catch (err) {
    log.debug('certificate request not approved', { certificateSigningRequest: name, reason: messageOf(err) })
    throw err
  }
}
