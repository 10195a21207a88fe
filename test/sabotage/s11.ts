// Sabotage of the rights to repositories: in the questions of the registry, and at its front.
import type { Sabotage } from './sabotage.ts'

const review = 'src/server/computed/registry/repository-access-review.ts'
const front = 'src/registry/answer-request.ts'

const sabotage = (name: string, file: string, from: string, to: string, rest: Partial<Sabotage> = {}): Sabotage => ({
  ...{ name, file, from, to, proof: 'S11' },
  ...rest,
})

export const s11: readonly Sabotage[] = [
  sabotage(
    'whoever is known may use every repository',
    review,
    'if (verdict.allowed) allowed.push',
    'if (verdict !== undefined) allowed.push',
  ),
  sabotage('the verb is not asked for', review, 'attributesOf(user, spec.verb, repository)', "attributesOf(user, 'pull', repository)"),
  sabotage('the name of a repository is not asked for', review, "name: parsed.name, path: ''", "name: 'web', path: ''"),
  sabotage(
    'repositories of other namespaces count as of the asker',
    review,
    'namespace: parsed.namespace, name',
    "namespace: user.name.split(':')[2] ?? '', name",
  ),
  sabotage(
    'tokens for any audience are accepted',
    'src/cluster/open-access.ts',
    'await reviewToken(token, [registryAudience, ...audiences])',
    "await reviewToken(token, [registryAudience, 'https://elsewhere.invalid', ...audiences])",
  ),
  sabotage(
    'a deleted object does not end its tokens',
    'src/access/authenticators/service-account-token.ts',
    "(secret && boundRefusal('secret',",
    "(secret && secret.uid === '' && boundRefusal('secret',",
  ),
  sabotage('the front passes on what is not allowed', front, 'if (!access.allowed.has(read.repository)) throw denied(read, access)', '', {
    on: 'node',
  }),
  sabotage(
    'the catalog lists everything',
    front,
    'return review.authenticated ? review.allowed : new Set()',
    'return review.authenticated ? new Set(names) : new Set()',
    { on: 'node' },
  ),
]
