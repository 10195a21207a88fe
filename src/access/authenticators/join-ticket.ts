// One-time join tickets: they allow requesting one node's certificate until they expire or are used.
import { bootstrappersGroup, bootstrapUserPrefix, ticketNodeExtra } from '../../api/credentials/join-ticket-names.ts'
import type { Clock } from '../../base/clock.ts'
import { type Authenticator, authenticatedGroup, credentialIdExtra } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { type JoinTicket, looksLikeTicket, parseTicket, ticketRequestExtra } from '../credentials/join-ticket.ts'
import { isSecretOf } from '../credentials/secret-hash.ts'

export interface JoinTickets {
  /** The stored ticket; undefined if it does not exist. */
  find(id: string): JoinTicket | undefined
}

export function createJoinTicketAuthenticator(tickets: JoinTickets, clock: Clock): Authenticator {
  return {
    name: 'join-ticket',
    async authenticate({ authorization }) {
      const bearer = bearerToken(authorization)
      if (bearer.form !== 'token' || !looksLikeTicket(bearer.token)) return { outcome: 'no-opinion' }
      const shown = parseTicket(bearer.token)
      if (shown === undefined) return { outcome: 'rejected', reason: 'the join ticket is malformed' }
      const ticket = tickets.find(shown.id)
      if (ticket === undefined || !isSecretOf(ticket.hash, shown.secret)) {
        return { outcome: 'rejected', reason: 'the join ticket is unknown or wrong' }
      }
      if (clock.now() >= ticket.expires) return { outcome: 'rejected', reason: 'the join ticket has expired' }
      return {
        outcome: 'authenticated',
        user: {
          name: `${bootstrapUserPrefix}${ticket.id}`,
          groups: [bootstrappersGroup, authenticatedGroup],
          extra: {
            [ticketNodeExtra]: [ticket.node],
            ...(ticket.request === undefined ? {} : { [ticketRequestExtra]: [ticket.request] }),
            [credentialIdExtra]: [`TICKET=${ticket.id}`],
          },
        },
        credentialId: `ticket:${ticket.id}`,
        authenticator: 'join-ticket',
        expires: ticket.expires,
      }
    },
  }
}
