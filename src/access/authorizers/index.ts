// The authorizers in the order in which they are asked. Deny rules come first, so that no grant goes past them.

import type { ApiError } from '../../api/status.ts'
import type { Authorizer } from '../access.ts'
import { createAuditGuard } from '../audit/audit-log.ts'
import { type CertificateRequests, createJoinTicketAuthorizer } from './join-ticket.ts'
import { createNodeAuthorizer } from './node.ts'
import type { NodeGraph } from './node-graph.ts'
import type { RbacAuthorizer } from './rbac.ts'
import { systemMastersAuthorizer } from './system-masters.ts'

export interface AuthorizerParts {
  readonly nodeGraph: NodeGraph
  readonly rbac: RbacAuthorizer
  readonly certificateRequests: CertificateRequests
  /** Writes are refused while they could not be recorded; undefined without an audit log. */
  readonly audit?: { refusal(): ApiError | undefined }
}

export function authorizerList({ nodeGraph, rbac, certificateRequests, audit }: AuthorizerParts): readonly Authorizer[] {
  return [
    ...(audit ? [createAuditGuard(audit)] : []),
    systemMastersAuthorizer,
    createNodeAuthorizer(nodeGraph),
    createJoinTicketAuthorizer(certificateRequests),
    rbac,
  ]
}
