// Asks the API server, before anything is made on this machine, which node a join ticket is for and whether it can still be used.
import { ticketRequestExtra } from '../../access/credentials/join-ticket.ts'
import { ticketNodeExtra } from '../../api/credentials/join-ticket-names.ts'
import type { Secret } from '../../base/config/secret.ts'
import { isJsonObject, isTexts, parseJson } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ApiResponse } from '../../client/transport/transport.ts'

/** Certificates and tickets begin and end by the clock, so the clocks of a cluster's machines differ by no more. */
export const maxClockSkewMs = 30_000
const answerMs = 15_000
const maxAnswerBytes = 64 * 1024
const another = 'create another one on the first machine with "bulkhead join-ticket create --node NAME"'
const review = Buffer.from(writeJson({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }))

export interface TicketAnswer {
  readonly status: number
  /** Of the server, in milliseconds since the epoch; NaN if it sent none. */
  readonly date: number
  readonly body: string
}

/** The node's name. Rejects with a UserError that says why this machine cannot join with the ticket now. */
export async function nodeOfTicket(server: string, ca: string, ticket: Secret, now: () => number): Promise<string> {
  await using transport = createHttpTransport({
    ...{ server, ca, userAgent: 'bulkhead-join', maxResponseBytes: maxAnswerBytes },
    token: () => ticket.reveal(),
  })
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  let answer: TicketAnswer
  try {
    const response = await transport.request({ method: 'POST', path, headers, body: review }, AbortSignal.timeout(answerMs))
    answer = { status: response.status, date: Date.parse(response.headers['date'] ?? ''), body: await textOf(response) }
  } catch (err) {
    throw new UserError(`The API server at ${server} cannot be verified or does not answer: ${messageOf(err)}`, { cause: err })
  }
  return readTicketAnswer(answer, server, now())
}

/** Throws a UserError. Pure. */
export function readTicketAnswer({ status, date, body }: TicketAnswer, server: string, now: number): string {
  const skew = Math.abs(now - date)
  // A whole second of the header's resolution is no skew.
  if (skew > maxClockSkewMs + 1000)
    throw new UserError(
      `The clock of this machine differs by ${Math.round(skew / 1000)} s from that of ${server}, and at most ${maxClockSkewMs / 1000} s are accepted: set both by NTP and try again`,
    )
  if (status === 401)
    throw new UserError(`The join ticket is not accepted by ${server}: it has expired or is of another cluster; ${another}`)
  const answer = status === 201 ? parseJson(body) : undefined
  const userInfo = isJsonObject(answer) && isJsonObject(answer['status']) ? answer['status']['userInfo'] : undefined
  const extra = isJsonObject(userInfo) && isJsonObject(userInfo['extra']) ? userInfo['extra'] : {}
  const [nodes, requests] = [extra[ticketNodeExtra], extra[ticketRequestExtra]]
  if (!isTexts(nodes) || nodes[0] === undefined)
    throw new UserError(`${server} does not answer as an API server to a join ticket (status ${status}): is --ticket a whole ticket?`)
  if (isTexts(requests))
    throw new UserError(`The join ticket was used already, for certificate request "${requests[0]}", and it works once: ${another}`)
  return nodes[0]
}

async function textOf({ body }: ApiResponse): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
