// Rights to repositories, as the cluster's registry asks for them at each request; and, where it runs, its own answers.
import type { RepositoryVerb } from '../../../api/repository-name.ts'
import { registryAudience } from '../../../api/repository-name.ts'
import { repositoryAccessReviews, secrets } from '../../../client/resources.ts'
import { askRegistry, type OwnRegistry } from '../../own-registry.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'

export const repositoryRule = (verbs: readonly RepositoryVerb[], names: readonly string[] = []) => ({
  ...{ apiGroups: ['supply.bulkhead.dev'], resources: ['repositories'], verbs },
  ...(names.length === 0 ? {} : { resourceNames: names }),
})

/** Within this time after a right was revoked, nothing may be given by it. */
const revokedMs = 1000
const other = 'kube-system/prove'

interface Question {
  readonly token: string
  readonly verb?: RepositoryVerb
  readonly repository: string
}

type Review = (question: Question) => Promise<'allowed' | 'not allowed' | 'not authenticated'>

export async function tryRegistryRights(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock } = context
  const review: Review = async ({ token, verb = 'pull', repository }) => {
    const spec = { token, verb, repositories: [repository] }
    const { status = {} } = await client.create(repositoryAccessReviews, '', { metadata: { name: '' }, spec }, signal)
    if (status.authenticated !== true) return 'not authenticated'
    return status.allowed?.includes(repository) === true ? 'allowed' : 'not allowed'
  }
  const expect = async (name: string, question: Question, expected: Awaited<ReturnType<Review>>) => {
    const answered = await review(question)
    const sent = `${question.verb ?? 'pull'} ${question.repository.replace(namespace.name, 'own')}`
    attempts.record({ name, sent, expected, answered, held: answered === expected })
  }
  for (const account of ['puller', 'narrow', 'nobody']) await namespace.account(account, signal)
  await namespace.grant('puller', [repositoryRule(['pull'])], signal)
  await namespace.grant('narrow', [repositoryRule(['pull'], ['web'])], signal)
  const token = (account: string) => namespace.token(account, { audiences: [registryAudience] }, signal)
  const [puller, narrow, nobody] = [await token('puller'), await token('narrow'), await token('nobody')]
  const own = `${namespace.name}/web`
  await expect('an account with the right to pull', { token: puller, repository: own }, 'allowed')
  await expect('the same account pushes', { token: puller, verb: 'push', repository: own }, 'not allowed')
  await expect('the same account deletes', { token: puller, verb: 'delete', repository: own }, 'not allowed')
  await expect('the same account pulls from another namespace', { token: puller, repository: other }, 'not allowed')
  await expect('an account without a right', { token: nobody, repository: own }, 'not allowed')
  await expect('a right to one repository', { token: narrow, repository: own }, 'allowed')
  await expect('a right to one repository, for another', { token: narrow, repository: `${namespace.name}/other` }, 'not allowed')
  await expect('a right to one repository, for one below it', { token: narrow, repository: `${own}/below` }, 'not allowed')
  const elsewhere = await namespace.token('puller', { audiences: ['https://elsewhere.invalid'] }, signal)
  await expect('a token for another audience', { token: elsewhere, repository: own }, 'not authenticated')
  await expect('a token with another signature', { token: withOtherSignature(puller), repository: own }, 'not authenticated')
  const made = await client.create(secrets, namespace.name, { metadata: { name: 'bound' } }, signal)
  const secret = { name: 'bound', uid: made.metadata.uid ?? '' }
  const bound = await namespace.token('puller', { audiences: [registryAudience], secret }, signal)
  await expect('a token that is bound to a Secret', { token: bound, repository: own }, 'allowed')
  await client.delete(secrets, namespace.name, 'bound', {}, signal)
  await expect('a token whose Secret was deleted', { token: bound, repository: own }, 'not authenticated')
  await namespace.withdraw('puller', signal)
  const began = clock.monotonic()
  await expect('a right that was revoked, with a token that is alive', { token: puller, repository: own }, 'not allowed')
  const took = clock.monotonic() - began
  const within = { name: 'the answer after the right was revoked', sent: 'pull own/web', expected: `within ${revokedMs} ms` }
  attempts.record({ ...within, answered: `${Math.round(took)} ms`, held: took < revokedMs })
}

/** The same rights at the registry itself, which must be no more generous than its questions. This namespace and another have an image there. */
export async function tryRegistry(
  { attempts }: ProofContext,
  namespace: ProofNamespace,
  registry: OwnRegistry,
  signal: AbortSignal,
): Promise<void> {
  await namespace.account('reader', signal)
  await namespace.grant('reader', [repositoryRule(['pull'])], signal)
  const token = await namespace.token('reader', { audiences: [registryAudience] }, signal)
  const manifest = `/v2/${namespace.name}/web/manifests/1`
  const rows: readonly (readonly [name: string, method: string, path: string, token: string | undefined, status: number])[] = [
    ['the registry, with the right to pull what is not there', 'GET', manifest, token, 404],
    ['the registry, without a credential', 'GET', manifest, undefined, 401],
    ['the registry, with a token of another signature', 'GET', manifest, withOtherSignature(token), 401],
    ['the registry, for another namespace', 'GET', `/v2/${other}/manifests/1`, token, 403],
    ['the registry, for another namespace by dots', 'GET', `/v2/${namespace.name}/web/../../${other}/manifests/1`, token, 404],
    ['the registry, for a push', 'POST', `/v2/${namespace.name}/web/blobs/uploads/`, token, 403],
  ]
  for (const [name, method, path, password, expected] of rows) {
    const { status } = await askRegistry(registry, { method, path, ...(password === undefined ? {} : { token: password }) }, signal)
    attempts.record({
      name,
      sent: `${method} ${path}`,
      expected: String(expected),
      answered: `answered ${status}`,
      held: status === expected,
    })
  }
  const catalog = await askRegistry(registry, { method: 'GET', path: '/v2/_catalog', token }, signal)
  const names = [...catalog.text.matchAll(/"([a-z0-9-]+)\//g)].map(([, name = '']) => name)
  const foreign = names.filter(name => name !== namespace.name)
  attempts.record({
    ...{ name: 'the own image in the catalog of the registry', sent: 'GET /v2/_catalog', expected: 'listed' },
    ...{ answered: names.includes(namespace.name) ? 'listed' : catalog.text, held: names.includes(namespace.name) },
  })
  attempts.record({
    ...{ name: 'the catalog of the registry', sent: 'GET /v2/_catalog', expected: 'no repository of another namespace' },
    ...{ answered: `${foreign.length} of others`, held: catalog.status === 200 && foreign.length === 0 },
  })
  await namespace.withdraw('reader', signal)
  const { status } = await askRegistry(registry, { method: 'GET', path: manifest, token }, signal)
  attempts.record({
    ...{ name: 'the registry, after the right was revoked', sent: `GET ${manifest}`, expected: '403' },
    ...{ answered: `answered ${status}`, held: status === 403 },
  })
}

function withOtherSignature(token: string): string {
  const [head = '', body = '', signature = ''] = token.split('.')
  return `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
}
