// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { certificateSigningRequest } from './certificate-signing-request.ts'

export const certificatesResources: readonly ResourceDefinition[] = [certificateSigningRequest]
