// The worst attacks of one tenant with ClusterRole `admin` in one namespace with the default quota on others through the API.
import type { Attack } from './attack.ts'
import { bodyAttacks } from './body-attacks.ts'
import { customAttacks } from './custom-attacks.ts'
import { readAttacks } from './read-attacks.ts'
import { roleAttacks } from './role-attacks.ts'
import { workloadAttacks } from './workload-attacks.ts'

/** In this order: some build on the objects of earlier ones. */
export const attacks: readonly Attack[] = [...roleAttacks, ...bodyAttacks, ...readAttacks, ...customAttacks, ...workloadAttacks]
