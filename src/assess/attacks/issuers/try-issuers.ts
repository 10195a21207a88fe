// Attacks the tokens of external issuers and the token webhook, in a cluster of the proof's own that trusts issuers of the proof.
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import { writeJson } from '../../../base/write-json.ts'
import { Client } from '../../../client/client.ts'
import { configMaps } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { openStream } from '../../open-stream.ts'
import type { IssuerSettings, ProofContext, StartedCluster } from '../../proof.ts'
import { connectWith, request } from '../../request.ts'
import { bearer, isNobody, isReviewed, isUser } from '../authentication/identity-check.ts'
import { tryBootstrapTokens } from '../authentication/try-bootstrap-tokens.ts'
import { type Disguise, Impostor } from '../transport/impostor.ts'
import { TestAuthority } from '../transport/test-authority.ts'
import { forgedIssuedTokens, genuineClaims, requiredClaims, reservedTokens, type TokenIssuers } from './issued-tokens.ts'
import { startIssuerCluster } from './issuer-cluster.ts'
import { audience, type IssuerKey, jwkOf, newIssuerKey, signToken, TestIssuers } from './test-issuers.ts'
import { badAnswers, badToken, genuineReview, goodToken, TestTokenWebhook } from './test-token-webhook.ts'

const host = '127.0.0.1'
/** Of a denied identity; a second is promised, a busy machine must not make the verdict. */
const endMs = 5000
const disguises = ['foreign authority', 'wrong name', 'plain HTTP'] as const satisfies readonly Disguise[]
const watched = '/api/v1/namespaces/default/configmaps?watch=true'

interface Trusted {
  readonly main: string
  readonly other: string
  readonly mail: string
  readonly misnamed: string
  /** Issuers whose server is not genuine. */
  readonly impostors: readonly { readonly name: string; readonly url: string }[]
  readonly authority: string
  readonly webhookPort: number
}

/** Returns whether it could be tried. */
export async function tryIssuers(context: ProofContext, signal: AbortSignal): Promise<boolean> {
  const { machine, clusters, clock } = context
  if (machine.startWith === undefined && clusters === undefined) return false
  const now = clock.now()
  const [trusted, foreign] = await Promise.all([TestAuthority.create(now), TestAuthority.create(now)])
  const names = { ipAddresses: [host], dnsNames: [] }
  const [ec, second, otherKey, stolen] = [newIssuerKey('ES256'), newIssuerKey('ES256'), newIssuerKey('ES256'), newIssuerKey('ES256')]
  const rsa = newIssuerKey('RS256')
  await using stack = new AsyncDisposableStack()
  const issuers = stack.use(
    await TestIssuers.open(host, await trusted.issue(names), [
      { name: 'main', keys: [ec, second, rsa] },
      { name: 'other', keys: [otherKey] },
      { name: 'mail', keys: [otherKey] },
      { name: 'misnamed', keys: [otherKey], calledAs: 'https://bulkhead-prove.invalid' },
    ]),
  )
  const impostors = await inParallel([...disguises], async disguise => {
    const impostor: Impostor = stack.use(
      await Impostor.open({ disguise, host, trusted, foreign, names, answer: text => pageOf(text, impostor.port, stolen) }),
    )
    return { name: `a server with ${disguise}`, url: `https://${host}:${impostor.port}` }
  })
  const webhook = await TestTokenWebhook.open(host, await trusted.issue(names))
  await using webhooks = new AsyncDisposableStack()
  webhooks.use(webhook)
  const urlOf = (name: string): string => `${issuers.url}/${name}`
  const settings = {
    ...{ main: urlOf('main'), other: urlOf('other'), mail: urlOf('mail'), misnamed: urlOf('misnamed') },
    ...{ impostors, authority: trusted.certificate, webhookPort: webhook.port },
  }
  const cluster = await startIssuerCluster(machine.startWith, clusters, issuerSettings(settings), signal)
  if (cluster === undefined) return false
  stack.use(cluster)
  await using stranger = connectWith(cluster.endpoint, {})
  const there = { ...context, ...cluster, client: new Client(cluster.transport) }
  const keys = { ec, second, rsa }
  await Promise.all([
    tryTokens(there, stranger, { url: settings.main, otherUrl: settings.other, keys, otherKey, now: clock.now() }, signal),
    tryOtherIssuers(there, stranger, settings, otherKey, stolen, signal),
    tryWebhookAnswers(there, stranger, webhook, signal),
    tryBootstrapTokens(there, signal),
  ])
  await tryDenial(there, { url: settings.main, now: clock.now() }, ec, signal)
  await webhooks.disposeAsync()
  for (const disguise of disguises) {
    const answer = () => writeJson(genuineReview)
    await using _impostor = await Impostor.open({ disguise, host, port: webhook.port, trusted, foreign, names, answer })
    await isNobody(
      there,
      `token webhook: a server with ${disguise} vouches`,
      stranger,
      signal,
      bearer(`${goodToken}-${disguise.replaceAll(' ', '-')}`),
    )
  }
  return true
}

/** Discovery document and keys of the impostor's issuer. */
function pageOf(text: string, port: number, key: IssuerKey): string {
  const url = `https://${host}:${port}`
  const page = / \/keys /.test(text) ? { keys: [jwkOf(key)] } : { issuer: url, jwks_uri: `${url}/keys` }
  return writeJson(page)
}

function issuerSettings({ main, other, mail, misnamed, impostors, authority, webhookPort }: Trusted): IssuerSettings {
  const issuer = (url: string) => ({ url, audiences: [audience], certificateAuthority: authority })
  const plain = (url: string, prefix: string) => ({ issuer: issuer(url), claimMappings: { username: { claim: 'sub', prefix } } })
  const server = `https://${host}:${webhookPort}/`
  return {
    authentication: {
      ...{ apiVersion: 'apiserver.config.k8s.io/v1beta1', kind: 'AuthenticationConfiguration' },
      jwt: [
        {
          issuer: issuer(main),
          claimMappings: { username: { claim: 'sub', prefix: 'main:' }, groups: { claim: 'groups', prefix: 'main:' } },
          claimValidationRules: [
            { claim: 'tenant', requiredValue: requiredClaims.tenant },
            { expression: `claims.level >= ${requiredClaims.level}`, message: 'the level is too low' },
            { expression: '!has(claims.blocked)', message: 'blocked' },
          ],
          userValidationRules: [
            { expression: "user.username != 'main:mallory'", message: 'not this user' },
            { expression: "!user.groups.exists(g, g == 'main:banned')", message: 'not this group' },
          ],
        },
        plain(other, 'other:'),
        {
          issuer: issuer(mail),
          claimMappings: { username: { claim: 'email', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
        },
        plain(misnamed, 'misnamed:'),
        ...impostors.map(({ url }) => plain(url, 'impostor:')),
      ],
    },
    tokenWebhook: {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
      clusters: [{ name: 'x', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } }],
      users: [{ name: 'x', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    },
  }
}

type Stranger = StartedCluster['transport']

async function tryTokens(context: ProofContext, stranger: Stranger, issuers: TokenIssuers, signal: AbortSignal): Promise<void> {
  const { keys } = issuers
  const genuine = signToken(keys.ec, genuineClaims(issuers))
  await isUser(context, 'genuine token of an issuer', stranger, 'main:ann', signal, bearer(genuine))
  await isUser(
    context,
    'genuine token of an issuer, signed by RSA',
    stranger,
    'main:ann',
    signal,
    bearer(signToken(keys.rsa, genuineClaims(issuers))),
  )
  await inParallel(forgedIssuedTokens(issuers), ({ name, token }) =>
    isNobody(context, `token of an issuer ${name}`, stranger, signal, bearer(token)),
  )
  // Again: what was refused and accepted is remembered.
  await isUser(context, 'genuine token of an issuer after the forged ones', stranger, 'main:ann', signal, bearer(genuine))
  const expired = signToken(keys.ec, genuineClaims(issuers, { exp: Math.floor(issuers.now / 1000) - 60 }))
  await isNobody(context, 'token of an issuer that expired, sent again', stranger, signal, bearer(expired))
}

async function tryOtherIssuers(
  context: ProofContext,
  stranger: Stranger,
  { other, mail, misnamed, impostors }: Trusted,
  key: IssuerKey,
  stolen: IssuerKey,
  signal: AbortSignal,
): Promise<void> {
  const now = context.clock.now()
  const of = (url: string, by: IssuerKey): string => signToken(by, genuineClaims({ url, now }))
  await isUser(context, 'genuine token of the other issuer', stranger, 'other:ann', signal, bearer(of(other, key)))
  await isNobody(context, 'token of an issuer whose document names another one', stranger, signal, bearer(of(misnamed, key)))
  await inParallel(impostors, ({ name, url }) =>
    isNobody(context, `token of an issuer, whose keys came from ${name}`, stranger, signal, bearer(of(url, stolen))),
  )
  const [verified, ...reserved] = reservedTokens(mail, key, now)
  if (verified === undefined) throw new Error('no tokens')
  await isUser(context, `token of an issuer ${verified.name}`, stranger, 'ann@example.com', signal, bearer(verified.token))
  await inParallel(reserved, ({ name, token }) => isNobody(context, `token of an issuer ${name}`, stranger, signal, bearer(token)))
}

async function tryWebhookAnswers(context: ProofContext, stranger: Stranger, webhook: TestTokenWebhook, signal: AbortSignal): Promise<void> {
  await isUser(context, 'genuine token of a webhook', stranger, 'hook-ann', signal, bearer(goodToken))
  await isNobody(context, 'token that the webhook does not know', stranger, signal, bearer('bulkhead-prove-unknown'))
  await inParallel(
    Object.keys(badAnswers),
    answer => isNobody(context, `token for which the webhook answers ${answer}`, stranger, signal, bearer(badToken(answer))),
    Object.keys(badAnswers).length,
  )
  // Two tokens at once that begin alike: each gets the answer about itself.
  await Promise.all([
    isUser(context, 'genuine token of a webhook, at once with one that is not', stranger, 'hook-ann', signal, bearer(goodToken)),
    isNobody(context, 'token that the webhook does not know, at once with one that it knows', stranger, signal, bearer(`${goodToken}-2`)),
  ])
  webhook.answerLate()
  await isReviewed(context, 'TokenReview of a genuine token of a webhook', goodToken, true, signal)
  await isReviewed(context, 'TokenReview of a token that the webhook does not know', 'bulkhead-prove-unknown', false, signal)
  await isUser(context, 'genuine token of a webhook after the bad answers', stranger, 'hook-ann', signal, bearer(goodToken))
}

/** The deny list ends tokens of issuers, and the streams that they opened. */
async function tryDenial(
  context: ProofContext,
  issuer: Pick<TokenIssuers, 'url' | 'now'>,
  key: IssuerKey,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, endpoint, clock, client, transport } = context
  const jti = 'bulkhead-prove-denied'
  const token = signToken(key, genuineClaims(issuer, { jti, sub: 'bob' }))
  const apiGroup = 'rbac.authorization.k8s.io'
  const binding = {
    metadata: { name: 'bulkhead-prove-issuers' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup, name: 'main:bob' }],
  }
  await request(transport, { method: 'POST', path: `/apis/${apiGroup}/v1/clusterrolebindings`, body: binding }, signal)
  await using own = connectWith(endpoint, { token })
  await using stream = await openStream(own, clock, { method: 'GET', path: watched }, signal)
  const sent = `GET ${watched}`
  const opened = stream.status === 200
  attempts.record({ name: 'watch with a token of an issuer', sent, expected: '200', answered: `answered ${stream.status}`, held: opened })
  const { name, namespace } = deniedCredentials
  await client.patch(configMaps, namespace, name, { data: { prove: `token:${jti}` } }, { type: 'merge' }, signal)
  const ended = await stream.endsWithin(endMs)
  const answered = ended ? 'ended' : `still open after ${endMs} ms`
  attempts.record({ name: 'watch with a token of an issuer that is denied', sent, expected: 'ends', answered, held: ended })
  await isNobody(context, 'token of an issuer that is denied', own, signal)
}
