// Puts the store of a scratch cluster back to a state from before denials: what was denied since must be denied when it serves again.
import { chown, copyFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { deniedCredentials, restoredStoreKey } from '../../../api/credentials/denied-credentials-names.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, mergePatch, request } from '../../request.ts'
import { apiServerOnly, type ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'

const listPath = `/api/v1/namespaces/${deniedCredentials.namespace}/configmaps/${deniedCredentials.name}`
const whoAmI = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' } as const
const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
const denied = 'bulkhead-prove-denied'
const changed = 'bulkhead-prove-changed'
const lifted = 'bulkhead-prove-lifted'
const ruled = 'bulkhead-prove-ruled'

export async function tryRestoredStore({ attempts }: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<void> {
  await using scratch = await clusters.open(signal)
  await using earlier = await stateBefore(scratch, signal)
  const since = await denyAll(scratch, signal)
  await scratch.stop()
  await putBack(earlier.directory, scratch.directory)

  const refused = await scratch.start([apiServerOnly], signal)
  attempts.record({
    ...{ name: 'an older store', sent: 'bulkhead up', expected: 'refused: the store was restored to an earlier state' },
    ...{ answered: refused.started ? 'the cluster started' : refused.output.trim() },
    held: !refused.started && refused.output.includes('was restored to an earlier state'),
  })
  const start = await scratch.start([apiServerOnly, '--accept-restored-store'], signal)
  if (!start.started) throw new Error(`the restored cluster does not start: ${start.output.trim()}`)
  const { transport, endpoint } = start
  const users: readonly (readonly [string, string, boolean])[] = [
    ['a user that was denied since', denied, false],
    ['a user whose denial was changed since', changed, false],
    ['a user whom a DenyRule was made for since', ruled, false],
    ['a user whose denial was lifted since', lifted, true],
    ['a user whom nothing denies', 'bulkhead-prove-other', true],
  ]
  for (const [name, user, accepted] of users) {
    const status = await statusAs(transport, user, signal)
    const expected = accepted ? 201 : 403
    attempts.record({
      ...{ name, sent: 'SelfSubjectReview after --accept-restored-store', expected: String(expected), answered: String(status) },
      held: status === expected,
    })
  }
  const tokens: readonly (readonly [string, string, number])[] = [
    ['a token that was issued since', since, 401],
    ['a token that is issued now', await tokenOf(transport, signal), 201],
  ]
  for (const [name, token, expected] of tokens) {
    await using other = connectWith(endpoint, { token })
    const { status } = await request(other, { ...whoAmI, body: review }, signal)
    attempts.record({ name, sent: 'SelfSubjectReview', expected: String(expected), answered: String(status), held: status === expected })
  }
  const { text } = await request(transport, { method: 'GET', path: listPath }, signal)
  attempts.record({
    ...{ name: 'the deny list after the restore', sent: 'GET', expected: 'says until when tokens are denied', answered: text },
    held: text.includes(`"${restoredStoreKey}":"service-account-tokens:`),
  })
}

/** A copy from before the denials, of which one is there already and will be changed. */
async function stateBefore(scratch: ScratchCluster, signal: AbortSignal): Promise<ScratchCluster> {
  const { transport } = await scratch.serve([apiServerOnly], signal)
  await write(transport, 'PATCH', listPath, { data: { changed: 'user-name:nobody', lifted: null } }, signal)
  await scratch.stop()
  return await scratch.copy()
}

/** Returns a token that the restored store does not know of. */
async function denyAll(scratch: ScratchCluster, signal: AbortSignal): Promise<string> {
  const { transport } = await scratch.serve([apiServerOnly], signal)
  const deny = (data: Readonly<Record<string, string | null>>) => write(transport, 'PATCH', listPath, { data }, signal)
  await deny({ denied: `user-name:${denied}`, lifted: `user-name:${lifted}` })
  await deny({ changed: `user-name:${changed}`, lifted: null })
  const rule = {
    apiVersion: 'bulkhead.dev/v1alpha1',
    kind: 'DenyRule',
    metadata: { name: 'bulkhead-prove' },
    spec: {
      reason: 'a proof',
      subjects: [{ kind: 'User', name: ruled }],
      rules: [{ verbs: ['*'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] }],
    },
  }
  await write(transport, 'POST', '/apis/bulkhead.dev/v1alpha1/denyrules', rule, signal)
  return await tokenOf(transport, signal)
}

async function statusAs(transport: Transport, user: string, signal: AbortSignal): Promise<number> {
  const headers = { 'impersonate-user': user, 'impersonate-group': 'system:authenticated' }
  return (await request(transport, { ...whoAmI, body: review, headers }, signal)).status
}

async function write(transport: Transport, method: 'POST' | 'PATCH', path: string, body: object, signal: AbortSignal): Promise<string> {
  const question = { method, path, body, ...(method === 'PATCH' ? { contentType: mergePatch } : {}) }
  const { status, text, message } = await request(transport, question, signal)
  if (status >= 300) throw new Error(`${method} ${path} is answered ${status}: ${message}`)
  return text
}

async function tokenOf(transport: Transport, signal: AbortSignal): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
  const answer: unknown = parseJson(
    await write(transport, 'POST', '/api/v1/namespaces/default/serviceaccounts/default/token', body, signal),
  )
  const status = isJsonObject(answer) ? answer['status'] : undefined
  const token = isJsonObject(status) ? status['token'] : undefined
  if (typeof token !== 'string') throw new Error('a request for a token is answered without one')
  return token
}

/** The store alone goes back: the signer and the audit log stay as they are. */
async function putBack(from: string, to: string): Promise<void> {
  const isStore = (name: string): boolean => name.startsWith('store.db')
  const { uid, gid } = await stat(join(to, 'server', 'store.db'))
  for (const name of await readdir(join(to, 'server'))) if (isStore(name)) await rm(join(to, 'server', name))
  for (const name of await readdir(join(from, 'server'))) {
    if (!isStore(name)) continue
    await copyFile(join(from, 'server', name), join(to, 'server', name))
    await chown(join(to, 'server', name), uid, gid)
  }
}
