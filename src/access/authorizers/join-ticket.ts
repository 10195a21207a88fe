// The rights of a join ticket: request a certificate and read that request.
import { bootstrappersGroup, ticketNodeExtra } from '../../api/credentials/join-ticket-names.ts'
import type { Authorizer } from '../access.ts'
import { ticketRequestExtra } from '../credentials/join-ticket.ts'

export interface CertificateRequests {
  /** `spec.username` of that CertificateSigningRequest; undefined if it does not exist. */
  requesterOf(name: string): string | undefined
}

/** RBAC cannot express "your own request": a role would let each ticket read every node's CSR. */
export function createJoinTicketAuthorizer(requests: CertificateRequests): Authorizer {
  return {
    name: 'JoinTicket',
    authorize({ user, isResource, group, resource, subresource, verb, name }) {
      // Others may be in the group too; a user with a node's name is a ticket.
      const isTicket = user.groups.includes(bootstrappersGroup) && user.extra?.[ticketNodeExtra] !== undefined
      if (!isTicket) return { decision: 'no-opinion', reason: '' }
      const isRequest = isResource && group === 'certificates.k8s.io' && resource === 'certificatesigningrequests' && subresource === ''
      const used = user.extra?.[ticketRequestExtra]?.[0]
      if (isRequest && verb === 'create' && used !== undefined)
        return { decision: 'no-opinion', reason: `the join ticket was used for certificate request "${used}"` }
      if (isRequest && verb === 'create') return { decision: 'allow', reason: 'a join ticket may request a certificate' }
      const reads = verb === 'get' || verb === 'list' || verb === 'watch'
      if (isRequest && reads && name !== '' && (used ?? name) === name && requests.requesterOf(name) === user.name) {
        return { decision: 'allow', reason: 'a join ticket may read its own certificate request' }
      }
      return { decision: 'no-opinion', reason: isRequest && reads ? 'a join ticket may only read its own certificate request' : '' }
    },
  }
}
