// A token webhook of a proof: it answers by the token, well or badly. Its port stays the same while its certificate changes.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { ServerIdentity } from '../transport/test-authority.ts'

const maxReviewBytes = 65_536

type Fields = Readonly<Record<string, unknown>>
const user = { username: 'hook-ann', groups: ['dev'] }
const known: Fields = { authenticated: true, user }

/** The review that vouches for the user. */
export const genuineReview = review(known)

function review(status: Fields, more: Fields = {}): Fields {
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status, ...more }
}

const asText = (value: Fields) => (answer: ServerResponse) => void answer.end(writeJson(value))

/** Answers by which a token must not be accepted. `redirect` leads to a path that would vouch for it. */
export const badAnswers: Readonly<Record<string, (answer: ServerResponse) => void>> = {
  'that it does not know the token': asText(review({ authenticated: false })),
  'a user without authenticated': asText(review({ user })),
  'authenticated as text': asText(review({ ...known, authenticated: 'true' })),
  'no user': asText(review({ authenticated: true })),
  'an empty name': asText(review({ authenticated: true, user: { username: '' } })),
  'groups that are text': asText(review({ authenticated: true, user: { ...user, groups: 'dev' } })),
  'another kind': asText(review(known, { kind: 'SubjectAccessReview' })),
  'another version': asText(review(known, { apiVersion: 'authentication.k8s.io/v1beta1' })),
  'another group': asText(review(known, { apiVersion: 'authorization.k8s.io/v1' })),
  'another audience': asText(review({ ...known, audiences: ['vault'] })),
  "the name of the cluster's own": asText(review({ authenticated: true, user: { username: 'system:kube-controller-manager' } })),
  'the group system:masters': asText(review({ authenticated: true, user: { ...user, groups: ['system:masters'] } })),
  'the group of administrators': asText(
    review({ authenticated: true, user: { ...user, groups: ['dev', 'system:bulkhead:administrators'] } }),
  ),
  'a review that is cut': answer => void answer.end(writeJson(genuineReview).slice(0, -3)),
  'a review and more': answer => void answer.end(`${writeJson(genuineReview)}{}`),
  nothing: answer => void answer.end(),
  'a page': answer => void answer.end('<html>200 OK</html>'),
  'a failure with a review': answer => void answer.writeHead(403).end(writeJson(genuineReview)),
  'a redirect': answer => void answer.writeHead(307, { location: '/vouch' }).end(),
  'a review after its time': () => undefined,
}

export const goodToken = 'bulkhead-prove-good'
export const badToken = (answer: string): string => `bulkhead-prove-bad-${Buffer.from(answer).toString('hex')}`

export class TestTokenWebhook implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #waiting = new Set<ServerResponse>()

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    const byToken = new Map(Object.entries(badAnswers).map(([name, answer]) => [badToken(name), answer]))
    server.on('request', (request, answer) => {
      let text = ''
      request.setEncoding('utf8').on('data', chunk => {
        text = (text + chunk).slice(0, maxReviewBytes)
      })
      request.on('end', () => {
        if (request.url === '/vouch') return answer.end(writeJson(genuineReview))
        const token = tokenOf(text)
        if (token === badToken('a review after its time')) this.#waiting.add(answer)
        const bad = byToken.get(token)
        if (bad !== undefined) return bad(answer)
        return answer.end(writeJson(token === goodToken ? genuineReview : review({ authenticated: false })))
      })
    })
  }

  static async open(host: string, identity: ServerIdentity): Promise<TestTokenWebhook> {
    const server = createServer(identity)
    server.listen(0, host)
    await once(server, 'listening')
    return new TestTokenWebhook(server)
  }

  /** Vouches for the tokens that wait. Returns their number. */
  answerLate(): number {
    for (const answer of this.#waiting) answer.end(writeJson(genuineReview))
    return this.#waiting.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function tokenOf(text: string): string {
  const value: unknown = parseJson(text)
  const spec = typeof value === 'object' && value !== null && 'spec' in value ? value.spec : undefined
  const token = typeof spec === 'object' && spec !== null && 'token' in spec ? spec.token : undefined
  return typeof token === 'string' ? token : ''
}
