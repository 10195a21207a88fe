// A client of the cluster that a command is about.
import { Client } from '../../client/client.ts'
import { type ClusterChoice, findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'

export async function withCluster(choice: ClusterChoice, act: (client: Client) => Promise<void>): Promise<void> {
  await using transport = reachCluster(await findKubeconfig(choice), 'bulkhead')
  await act(new Client(transport))
}
