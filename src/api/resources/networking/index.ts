// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { ingress } from './ingress.ts'
import { ingressClass } from './ingress-class.ts'
import { ipAddress } from './ip-address.ts'
import { networkPolicy } from './network-policy.ts'
import { serviceCidr } from './service-cidr.ts'

export const networkingResources: readonly ResourceDefinition[] = [ingressClass, ingress, ipAddress, networkPolicy, serviceCidr]
