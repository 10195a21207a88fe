// The programs of others that a node runs, and the files that configure them.
import { execPath } from 'node:process'
import type { ComponentPlaces } from '../../supply-chain/components/component-watch.ts'
import type { NodeDirectory } from './node-directory.ts'

/** In the order of the PATH that the part gets. */
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Those that are there; the last three are needed by some clusters only. */
const programs = [
  ...['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'nft', 'ip', 'conntrack'],
  ...['docker-registry', 'etcd', 'wireguard-go'],
]
/** Those that the pod network uses. */
const cniPlugins = ['ptp', 'host-local', 'loopback']

export interface NodeComponentsOptions extends Pick<ComponentPlaces, 'clock' | 'log'> {
  readonly directory: Pick<NodeDirectory, 'containerdConfig' | 'cniConfig'>
  readonly cniBinDirectory: string
}

export const nodeComponents = ({ directory, cniBinDirectory, clock, log }: NodeComponentsOptions): ComponentPlaces => ({
  programs: [
    ...programs.map(name => ({ name, paths: folders.map(folder => `${folder}/${name}`) })),
    ...cniPlugins.map(name => ({ name: `cni/${name}`, paths: [`${cniBinDirectory}/${name}`] })),
    { name: 'node', paths: [execPath] },
  ],
  configurations: [
    { name: 'containerd configuration', path: directory.containerdConfig },
    { name: 'CNI configuration', path: directory.cniConfig },
  ],
  clock,
  log,
})
