// What one tenant with ClusterRole `admin` in one namespace with the default quota can do to others through the API: each attack is the worst of its kind.
import type { Attack } from './attack.ts'
import { bodyAttacks } from './body-attacks.ts'
import { customAttacks } from './custom-attacks.ts'
import { readAttacks } from './read-attacks.ts'
import { roleAttacks } from './role-attacks.ts'
import { workloadAttacks } from './workload-attacks.ts'

/** In this order: some build on what others before them wrote. */
export const attacks: readonly Attack[] = [...roleAttacks, ...bodyAttacks, ...readAttacks, ...customAttacks, ...workloadAttacks]
