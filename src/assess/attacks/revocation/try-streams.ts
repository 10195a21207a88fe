// Opens every kind of lasting request with one token, denies the token, and waits for the end of each. Those of another token of the same account go on.
import { inParallel } from '../../in-parallel.ts'
import { type OpenStream, openOwnStream } from '../../open-stream.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { connectWith, type ProofRequest } from '../../request.ts'
import { openUpgraded } from '../../upgraded-connection.ts'
import { bearer, isNobody, isReviewed, isUser } from '../authentication/identity-check.ts'
import { denied } from './denied-credential.ts'
import { type LastingRequest, lastingRequests } from './streams.ts'

/** The promise. What a request takes now is added, so that a busy machine does not make the verdict. */
const promisedMs = 1000

export interface StreamsTarget {
  readonly namespace: ProofNamespace
  readonly account: string
  readonly pod: string
  /** On a simulated node, which may not serve streams of its pods. */
  readonly isSimulated: boolean
}

export interface StreamsTried {
  readonly ended: number
  readonly slowestMs: number
  readonly notServed: readonly string[]
}

export async function tryStreams(
  context: ProofContext,
  { namespace, account, pod, isSimulated }: StreamsTarget,
  signal: AbortSignal,
): Promise<StreamsTried> {
  const { attempts, clock, endpoint } = context
  const token = await namespace.token(account, {}, signal)
  const other = await namespace.token(account, {}, signal)
  await using transport = connectWith(endpoint)
  await using streams = new AsyncDisposableStack()
  const notServed: string[] = []
  const opened: (readonly [LastingRequest, OpenStream])[] = []
  await inParallel(lastingRequests(namespace.name, pod), async lasting => {
    const stream = streams.use(await open(context, lasting, token, signal))
    const expected = lasting.upgrade === undefined ? 200 : 101
    const sent = `${lasting.upgrade?.method ?? 'GET'} ${lasting.path}`
    if (stream.status !== expected && lasting.byNode && isSimulated) return void notServed.push(lasting.name)
    const name = `${lasting.name} before its token is denied`
    attempts.record({ name, sent, expected: String(expected), answered: `answered ${stream.status}`, held: stream.status === expected })
    if (stream.status === expected) opened.push([lasting, stream])
  })
  const [watch] = lastingRequests(namespace.name, pod)
  const others = watch === undefined ? undefined : streams.use(await open(context, watch, other, signal))
  const user = `system:serviceaccount:${namespace.name}:${account}`
  let slowestMs = 0
  {
    await using denial = await denied(context, `${namespace.name}.token`, `token:${idOf(token)}`, signal)
    const began = clock.now()
    const limitMs = promisedMs + 4 * denial.tookMs
    await Promise.all(
      opened.map(async ([{ name, path }, stream]) => {
        const ended = await stream.endsWithin(limitMs)
        const took = clock.now() - began
        if (ended) slowestMs = Math.max(slowestMs, took)
        const answered = ended ? `ended after ${took} ms` : `still open after ${limitMs} ms`
        attempts.record({
          name: `${name} when its token is denied`,
          sent: `GET ${path}`,
          expected: 'ends within a second',
          answered,
          held: ended,
        })
      }),
    )
    await inParallel(requests(namespace), ([name, question]) =>
      attempts.refused(`${name} with a denied token`, transport, { ...question, headers: bearer(token) }, { status: 401 }, signal),
    )
    await inParallel(lastingRequests(namespace.name, pod), async lasting => {
      await using again = await open(context, lasting, token, signal)
      const answered = `answered ${again.status}`
      attempts.record({
        name: `${lasting.name} with a denied token`,
        sent: `GET ${lasting.path}`,
        expected: '401',
        answered,
        held: again.status === 401,
      })
    })
    await isReviewed(context, 'review of a denied token', token, false, signal)
    await isReviewed(context, 'review of another token of the same account', other, true, signal)
    const goesOn = others !== undefined && !(await others.endsWithin(0))
    attempts.record({
      name: 'watch with another token of the same account',
      sent: `GET ${watch?.path}`,
      expected: 'goes on',
      answered: goesOn ? 'open' : 'ended',
      held: goesOn,
    })
    await isUser(context, 'request with another token of the same account', transport, user, signal, bearer(other))
  }
  // Nothing but the entry was the reason.
  await isUser(context, 'request with the token once it is no longer denied', transport, user, signal, bearer(token))
  await isNobody(context, 'request with no token', transport, signal)
  return { ended: opened.length, slowestMs, notServed }
}

function open(
  { endpoint, clock }: ProofContext,
  { path, upgrade }: LastingRequest,
  token: string,
  signal: AbortSignal,
): Promise<OpenStream> {
  if (upgrade !== undefined) return openUpgraded(endpoint, { token }, { ...upgrade, path }, clock, signal)
  return openOwnStream(endpoint, { token }, clock, { method: 'GET', path }, signal)
}

function requests(namespace: ProofNamespace): readonly (readonly [string, ProofRequest])[] {
  const configMaps = namespace.core('configmaps')
  return [
    ['get', { method: 'GET', path: `${configMaps}/a` }],
    ['list', { method: 'GET', path: configMaps }],
    ['watch', { method: 'GET', path: `${configMaps}?watch=true&timeoutSeconds=1` }],
    ['create', { method: 'POST', path: `${configMaps}?dryRun=All`, body: { metadata: { name: 'a4' } } }],
    ['delete', { method: 'DELETE', path: `${configMaps}/a?dryRun=All` }],
    ['discovery', { method: 'GET', path: '/apis' }],
    ['version', { method: 'GET', path: '/version' }],
    ['OpenAPI', { method: 'GET', path: '/openapi/v2' }],
    [
      'review of its own access',
      {
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } },
      },
    ],
  ]
}

/** The `jti` of a token. */
function idOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
  return /"jti":"([^"]+)"/.exec(claims)?.[1] ?? ''
}
