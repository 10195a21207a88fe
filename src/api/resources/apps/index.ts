// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { controllerRevision } from './controller-revision.ts'
import { daemonSet } from './daemon-set.ts'
import { deployment } from './deployment.ts'
import { replicaSet } from './replica-set.ts'
import { statefulSet } from './stateful-set.ts'

export const appsResources: readonly ResourceDefinition[] = [controllerRevision, daemonSet, deployment, replicaSet, statefulSet]
