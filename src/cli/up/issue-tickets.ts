// Creates one join ticket for each node that this `up` starts, with the credential of the supervisor, or of an administrator.
import { createTicket, ticketSecretData } from '../../access/credentials/join-ticket.ts'
import { ticketNamespace, ticketSecretPrefix, ticketSecretType } from '../../api/credentials/join-ticket-names.ts'
import { Client } from '../../client/client.ts'
import { secrets } from '../../client/resources.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'

const limitMs = 30_000

export interface NodeTicket {
  readonly node: string
  /** The bearer token. It goes to the node agent over the private channel and is used once. */
  readonly token: string
}

export async function issueTickets(
  server: string,
  { ca, certificate, key }: ClientIdentity & { readonly ca: string },
  nodes: readonly string[],
  lifetimeSeconds?: number,
): Promise<NodeTicket[]> {
  await using transport = createHttpTransport({ server, ca, certificate, key, userAgent: 'bulkhead-up' })
  const client = new Client(transport)
  const tickets: NodeTicket[] = []
  for (const node of nodes) {
    const { token, ticket } = createTicket(node, Date.now(), lifetimeSeconds)
    const metadata = { name: `${ticketSecretPrefix}${ticket.id}`, namespace: ticketNamespace }
    const secret = { metadata, type: ticketSecretType, data: ticketSecretData(ticket) }
    await client.create(secrets, ticketNamespace, secret, AbortSignal.timeout(limitMs))
    tickets.push({ node, token: token.reveal() })
  }
  return tickets
}
