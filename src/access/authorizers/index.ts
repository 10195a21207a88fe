// The authorizers in the order in which they are asked.
import type { Authorizer } from '../access.ts'
import { type CertificateRequests, createJoinTicketAuthorizer } from './join-ticket.ts'
import { createNodeAuthorizer } from './node.ts'
import type { NodeGraph } from './node-graph.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { systemMastersAuthorizer } from './system-masters.ts'

export interface AuthorizerParts {
  readonly nodeGraph: NodeGraph
  readonly rbac: RbacAuthorizer
  readonly certificateRequests: CertificateRequests
}

export function authorizerList({ nodeGraph, rbac, certificateRequests }: AuthorizerParts): readonly Authorizer[] {
  return [systemMastersAuthorizer, createNodeAuthorizer(nodeGraph), createJoinTicketAuthorizer(certificateRequests), rbac]
}
