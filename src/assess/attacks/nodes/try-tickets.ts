// Join tickets: wrong, expired, for another node, used twice, and for anything but one certificate.
import { createHash, randomBytes } from 'node:crypto'
import { ticketNamespace, ticketSecretPrefix, ticketSecretType } from '../../../api/credentials/join-ticket-names.ts'
import { isReason } from '../../../api/status.ts'
import { certificateSigningRequests, secrets } from '../../../client/resources.ts'
import { certificateRequest } from '../../forged-certificate.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, type ProofRequest, request } from '../../request.ts'
import { within } from '../../until.ts'
import { bearer, isNobody, isReviewed, isUser } from '../authentication/identity-check.ts'
import type { NodeArena } from './node-arena.ts'

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const cleanUpMs = 30_000
const waitMs = 20_000

interface Ticket extends AsyncDisposable {
  readonly id: string
  readonly token: string
}

/** Stores a ticket for `node` as an administrator's command does: nothing but its hash. */
async function makeTicket({ client }: ProofContext, node: string, expires: number, signal: AbortSignal): Promise<Ticket> {
  const id = randomBytes(5).toString('hex')
  const secret = randomBytes(24).toString('base64url')
  const encode = (text: string) => Buffer.from(text).toString('base64')
  const data = {
    hash: encode(createHash('sha256').update(secret).digest('hex')),
    node: encode(node),
    expires: encode(`${new Date(expires).toISOString().slice(0, 19)}Z`),
  }
  const name = `${ticketSecretPrefix}${id}`
  await client.create(secrets, ticketNamespace, { metadata: { name }, type: ticketSecretType, data }, signal)
  return {
    id,
    token: `bulkhead-join.${id}.${secret}`,
    async [Symbol.asyncDispose]() {
      try {
        await client.delete(secrets, ticketNamespace, name, {}, AbortSignal.timeout(cleanUpMs))
      } catch (err) {
        // A used ticket may be gone.
        if (!isReason(err, 'NotFound')) throw err
      }
    },
  }
}

export async function tryTickets({ context, namespace, stranger }: NodeArena, signal: AbortSignal): Promise<void> {
  const { attempts, clock, endpoint, client } = context
  const soon = clock.now() + 300_000
  await using transport = connectWith(endpoint)
  await using ticket = await makeTicket(context, stranger, soon, signal)
  await using foreign = await makeTicket(context, stranger, soon, signal)
  await using old = await makeTicket(context, stranger, clock.now() - 60_000, signal)
  await isUser(context, 'join ticket', transport, `system:bootstrap:${ticket.id}`, signal, bearer(ticket.token))
  const last = ticket.token.at(-1) === 'A' ? 'B' : 'A'
  const wrong: readonly (readonly [string, string])[] = [
    ['with another secret', `${ticket.token.slice(0, -1)}${last}`],
    ["with another ticket's secret", `bulkhead-join.${ticket.id}.${foreign.token.split('.')[2]}`],
    ['that has expired', old.token],
    ['without its secret', `bulkhead-join.${ticket.id}.`],
  ]
  for (const [name, token] of wrong) await isNobody(context, `join ticket ${name}`, transport, signal, bearer(token))

  // Others ask the server about tickets, too.
  await isReviewed(context, 'review of a join ticket', ticket.token, true, signal)
  await isReviewed(context, 'review of a join ticket that has expired', old.token, false, signal)

  const csr = async (subject: string, name: string): Promise<ProofRequest> => ({
    method: 'POST',
    path,
    body: {
      metadata: { name },
      spec: {
        request: Buffer.from((await certificateRequest(subject)).request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['client auth', 'digital signature'],
        expirationSeconds: 600,
      },
    },
  })
  const own = `CN=system:node:${stranger}, O=system:nodes`
  const names = { foreign: `${namespace.name}-foreign`, ticket: `${namespace.name}-ticket`, again: `${namespace.name}-again` }
  const headers = bearer(ticket.token)
  try {
    await inParallel(beyond(names.foreign), ([name, question, refusedBy]) =>
      attempts.refused(`join ticket ${name}`, transport, { ...question, headers }, { names: refusedBy }, signal),
    )
    const other = await csr('CN=system:node:bulkhead-prove-other, O=system:nodes', names.foreign)
    await request(transport, { ...other, headers: bearer(foreign.token) }, signal)
    await attempts.accepted(
      'join ticket requests the certificate of its node',
      transport,
      { ...(await csr(own, names.ticket)), headers },
      signal,
    )
    const issued = await certificateOf(context, names.ticket, signal)
    attempts.record({
      name: 'the certificate of the node of a join ticket',
      sent: own,
      expected: 'issued',
      answered: issued ? 'issued' : 'not issued',
      held: issued,
    })
    await untilUsed(context, ticket, signal)
    const again = await request(transport, { ...(await csr(own, names.again)), headers }, signal)
    const refused = again.status === 401 || (again.status === 403 && again.message.includes('was used'))
    attempts.record({
      name: 'join ticket used twice',
      sent: `POST ${path}`,
      expected: '401, or 403 as it was used',
      answered: `answered ${again.status} (${again.message})`,
      held: refused,
    })
    const { status } = await request(context.transport, { method: 'GET', path: `${path}/${names.foreign}` }, signal)
    const stolen =
      status === 200 && (await client.get(certificateSigningRequests, '', names.foreign, signal)).status?.certificate !== undefined
    attempts.record({
      name: 'the certificate of another node than that of the join ticket',
      sent: 'CN=system:node:bulkhead-prove-other',
      expected: 'not issued',
      answered: stolen ? 'issued' : 'not issued',
      held: !stolen,
    })
  } finally {
    for (const name of Object.values(names))
      await request(context.transport, { method: 'DELETE', path: `${path}/${name}` }, AbortSignal.timeout(cleanUpMs))
  }
}

/** `csr` is the request of another ticket. */
function beyond(csr: string): readonly (readonly [string, ProofRequest, string])[] {
  const get = (name: string, where: string, resource: string): readonly [string, ProofRequest, string] => [
    `reads ${name}`,
    { method: 'GET', path: where },
    `resource "${resource}"`,
  ]
  const post = (name: string, where: string, resource: string, body: object = {}): readonly [string, ProofRequest, string] => [
    name,
    { method: 'POST', path: `${where}?dryRun=All`, body },
    `cannot create resource "${resource}"`,
  ]
  return [
    get('Secrets', '/api/v1/secrets', 'secrets'),
    get('the tickets', `/api/v1/namespaces/${ticketNamespace}/secrets`, 'secrets'),
    get('ConfigMaps', '/api/v1/namespaces/kube-public/configmaps', 'configmaps'),
    get('Nodes', '/api/v1/nodes', 'nodes'),
    get('all certificate requests', path, 'certificatesigningrequests'),
    get("another ticket's request", `${path}/${csr}`, 'certificatesigningrequests'),
    post('creates a Node', '/api/v1/nodes', 'nodes'),
    post('creates a pod', '/api/v1/namespaces/default/pods', 'pods'),
    post('requests a token', '/api/v1/namespaces/default/serviceaccounts/default/token', 'serviceaccounts/token'),
    [
      `approves a request`,
      { method: 'PUT', path: `${path}/${csr}/approval?dryRun=All`, body: { metadata: { name: csr } } },
      'cannot update resource "certificatesigningrequests/approval"',
    ],
    [`deletes a request`, { method: 'DELETE', path: `${path}/${csr}?dryRun=All` }, 'cannot delete resource "certificatesigningrequests"'],
  ]
}

async function certificateOf({ client, clock }: ProofContext, name: string, signal: AbortSignal): Promise<boolean> {
  const issued = async () => ((await client.get(certificateSigningRequests, '', name, signal)).status?.certificate ? true : undefined)
  return (await within(waitMs, clock, issued, signal)) === true
}

/** It is marked shortly after the approval; until then the controller alone knows. */
async function untilUsed({ transport, clock }: ProofContext, { id }: Ticket, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${ticketNamespace}/secrets/${ticketSecretPrefix}${id}`
  const isMarked = async () => {
    const { status, text } = await request(transport, { method: 'GET', path }, signal)
    return status === 404 || text.includes('"request":') ? true : undefined
  }
  await within(waitMs, clock, isMarked, signal)
}
