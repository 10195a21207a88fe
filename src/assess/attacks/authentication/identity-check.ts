// Asks the server who sends a request: a forged credential gets a 401, and its genuine twin its own name.
import type { Transport } from '../../../client/transport/transport.ts'
import type { ProofContext } from '../../proof.ts'
import { connectWith, type ProofRequest, request } from '../../request.ts'

type Headers = NonNullable<ProofRequest['headers']>
type Credentials = Parameters<typeof connectWith>[1]

const question = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} } as const

/** The genuine credential: it must be that of `user`. */
export async function isUser(
  { attempts }: ProofContext,
  name: string,
  transport: Transport,
  user: string,
  signal: AbortSignal,
  headers: Headers = {},
): Promise<void> {
  const answer = await request(transport, { ...question, headers }, signal)
  const found = /"username":"([^"]*)"/.exec(answer.text)?.[1]
  const answered = `answered ${answer.status}${found === undefined ? '' : ` as ${found}`}`
  attempts.record({
    name,
    sent: `${question.method} ${question.path}`,
    expected: `201 as ${user}`,
    answered,
    held: answer.status === 201 && found === user,
  })
}

export async function isNobody(
  { attempts }: ProofContext,
  name: string,
  transport: Transport,
  signal: AbortSignal,
  headers: Headers = {},
): Promise<void> {
  await attempts.refused(name, transport, { ...question, headers }, { status: 401 }, signal)
}

/** With a connection of its own, for certificates. A server that ends the handshake has refused too. */
export async function isRefusedAs(
  context: ProofContext,
  name: string,
  credentials: Credentials,
  signal: AbortSignal,
  headers: Headers = {},
): Promise<void> {
  await using transport = connectWith(context.endpoint, credentials)
  try {
    await isNobody(context, name, transport, signal, headers)
  } catch (err) {
    if (signal.aborted || !(err instanceof Error)) throw err
    const sent = `${question.method} ${question.path}`
    context.attempts.record({ name, sent, expected: '401', answered: `no connection: ${err.message}`, held: true })
  }
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** What the server answers others who ask about a token. */
export async function isReviewed(
  { attempts, transport }: ProofContext,
  name: string,
  token: string,
  genuine: boolean,
  signal: AbortSignal,
): Promise<void> {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews'
  const { status, text } = await request(transport, { method: 'POST', path, body: { spec: { token } } }, signal)
  const authenticated = text.includes('"authenticated":true')
  attempts.record({
    name,
    sent: `POST ${path}`,
    expected: genuine ? 'authenticated' : 'not authenticated',
    answered: `answered ${status}, ${authenticated ? '' : 'not '}authenticated`,
    held: status === 201 && authenticated === genuine,
  })
}
