// Every controller that runs. Forgetting one here fails index.test.ts.
import type { Controller } from './controller.ts'
import { deployment } from './deployment.ts'
import { replicaSet } from './replicaset.ts'
import { replicationController } from './replicationcontroller.ts'

export const controllers: readonly Controller[] = [deployment, replicaSet, replicationController]
