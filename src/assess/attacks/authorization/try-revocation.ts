// Takes rights away while a request that they allowed is running: the request ends, and the next one is refused.
import type { PolicyRule } from '../../../api/types/rbac-v1.ts'
import { clusterRoleBindings, clusterRoles, denyRules, roleBindings, roles } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { openStream } from '../../open-stream.ts'
import type { ProofRequest } from '../../request.ts'
import { type Arena, grantClusterRole, grantRole, groupSubject, userSubject } from './arena.ts'

/** A second is promised; a busy machine must not make the verdict. */
const limitMs = 5000

interface Revocation {
  readonly name: string
  revoke(arena: Arena, name: string, signal: AbortSignal): Promise<unknown>
  readonly everywhere?: boolean
  readonly subject?: 'group'
}

const watches: readonly PolicyRule[] = [{ verbs: ['watch'], apiGroups: [''], resources: ['configmaps'] }]
const reads = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }]
const merge = { type: 'merge' } as const

const revocations: readonly Revocation[] = [
  {
    name: 'its RoleBinding is deleted',
    revoke: ({ context, first }, name, signal) => context.client.delete(roleBindings, first.name, name, {}, signal),
  },
  {
    name: 'its RoleBinding names others',
    revoke: ({ context, first }, name, signal) => context.client.patch(roleBindings, first.name, name, { subjects: [] }, merge, signal),
  },
  {
    name: 'the RoleBinding of its group names others',
    subject: 'group',
    revoke: ({ context, first }, name, signal) => context.client.patch(roleBindings, first.name, name, { subjects: [] }, merge, signal),
  },
  {
    name: 'its RoleBinding names another user',
    revoke: ({ context, first }, name, signal) =>
      context.client.patch(roleBindings, first.name, name, { subjects: [userSubject('bulkhead-prove-another')] }, merge, signal),
  },
  { name: 'its Role is deleted', revoke: ({ context, first }, name, signal) => context.client.delete(roles, first.name, name, {}, signal) },
  {
    name: 'its Role loses the verb',
    revoke: ({ context, first }, name, signal) => context.client.patch(roles, first.name, name, { rules: reads }, merge, signal),
  },
  {
    name: 'its ClusterRoleBinding is deleted',
    everywhere: true,
    revoke: ({ context, cluster }, name, signal) => context.client.delete(clusterRoleBindings, '', `${cluster.prefix}-${name}`, {}, signal),
  },
  {
    name: 'its ClusterRole loses the verb',
    everywhere: true,
    revoke: ({ context, cluster }, name, signal) =>
      context.client.patch(clusterRoles, '', `${cluster.prefix}-${name}`, { rules: reads }, merge, signal),
  },
]

/** Apart: a change of a DenyRule authorizes all long requests again, those too whose right was revoked without notice. */
const denial: Revocation = {
  name: 'a DenyRule refuses it',
  revoke: ({ cluster }, name, signal) =>
    cluster.create(
      denyRules,
      {
        metadata: { name: `${cluster.prefix}-${name}` },
        spec: { reason: 'proof A5', subjects: [userSubject(`${cluster.prefix}:${name}`)], rules: [...watches] },
      },
      signal,
    ),
}

export async function tryRevocation(arena: Arena, signal: AbortSignal): Promise<void> {
  await inParallel([...revocations.entries()], ([index, revocation]) => tryOne(arena, revocation, `revoked-${index}`, signal))
  await tryOne(arena, denial, 'revoked-denied', signal)
}

async function tryOne(
  arena: Arena,
  { name, revoke, everywhere = false, subject }: Revocation,
  grant: string,
  signal: AbortSignal,
): Promise<void> {
  const { context, first, cluster } = arena
  const { attempts, transport, clock } = context
  const user = `${cluster.prefix}:${grant}`
  const bindTo = subject === 'group' ? groupSubject(`${user}-team`) : userSubject(user)
  if (everywhere) await grantClusterRole(arena, grant, watches, bindTo, undefined, signal)
  else await grantRole(arena, first, grant, watches, bindTo, signal)
  const headers: ProofRequest['headers'] = {
    'impersonate-user': user,
    ...(subject === 'group' ? { 'impersonate-group': [`${user}-team`] } : {}),
  }
  const question: ProofRequest = { method: 'GET', path: first.core('configmaps?watch=true'), headers }
  await using stream = await openStream(transport, clock, question, signal)
  const sent = `GET ${question.path}`
  const opened = stream.status === 200
  attempts.record({ name: `watch before ${name}`, sent, expected: '200', answered: `answered ${stream.status}`, held: opened })
  await revoke(arena, grant, signal)
  const began = clock.now()
  const ended = await stream.endsWithin(limitMs)
  const answered = ended ? `ended after ${clock.now() - began} ms` : `still open after ${limitMs} ms`
  attempts.record({ name: `watch when ${name}`, sent, expected: 'ends', answered, held: ended })
  await attempts.refused(
    `watch after ${name}`,
    transport,
    { ...question, path: `${question.path}&timeoutSeconds=1` },
    { names: 'cannot watch resource "configmaps"' },
    signal,
  )
}
