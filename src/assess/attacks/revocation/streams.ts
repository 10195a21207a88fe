// Every kind of request that lasts: each is opened with a credential that is then denied.
import type { UpgradeRequest } from '../../upgraded-connection.ts'

export interface LastingRequest {
  readonly name: string
  /** Served by the node of the pod; a simulated one may not serve it. */
  readonly byNode: boolean
  /** An HTTP/2 stream, or a connection whose protocol changes. */
  readonly path: string
  readonly upgrade?: Omit<UpgradeRequest, 'path'>
}

/** The port of the pod at which a connection stays open. */
export const silentPort = 8080
/** Runs a server that answers the head of a response and nothing more, at `silentPort`. */
export const silentServer = `while :; do { printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n'; sleep 300; } | nc -l -p ${silentPort}; done`

const channels = 'v5.channel.k8s.io'
const webSocket = (protocol?: string) => ({ method: 'GET', upgrade: 'websocket', ...(protocol === undefined ? {} : { protocol }) }) as const
const spdy = (protocol: string) => ({ method: 'POST', upgrade: 'SPDY/3.1', protocol }) as const

/** In a namespace with a running pod and a Service of this name. */
export function lastingRequests(namespace: string, pod: string): readonly LastingRequest[] {
  const core = `/api/v1/namespaces/${namespace}`
  const ofPod = `${core}/pods/${pod}`
  const command = 'command=sleep&command=300&stdout=true'
  return [
    { name: 'watch', byNode: false, path: `${core}/configmaps?watch=true` },
    { name: 'watch with bookmarks', byNode: false, path: `${core}/configmaps?watch=true&allowWatchBookmarks=true` },
    {
      name: 'watch from the initial list',
      byNode: false,
      path: `${core}/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    },
    { name: 'watch of one object', byNode: false, path: `${core}/configmaps?watch=true&fieldSelector=metadata.name%3Da` },
    { name: 'watch by the old path', byNode: false, path: `/api/v1/watch/namespaces/${namespace}/configmaps` },
    { name: 'watch of another group', byNode: false, path: `/apis/apps/v1/namespaces/${namespace}/deployments?watch=true` },
    { name: 'watch in a WebSocket', byNode: false, path: `${core}/configmaps?watch=true`, upgrade: webSocket() },
    { name: 'followed log', byNode: true, path: `${ofPod}/log?follow=true` },
    { name: 'followed log in a WebSocket', byNode: true, path: `${ofPod}/log?follow=true`, upgrade: webSocket() },
    { name: 'exec in a WebSocket', byNode: true, path: `${ofPod}/exec?${command}`, upgrade: webSocket(channels) },
    { name: 'exec in SPDY', byNode: true, path: `${ofPod}/exec?${command}`, upgrade: spdy('v4.channel.k8s.io') },
    { name: 'attach in a WebSocket', byNode: true, path: `${ofPod}/attach?stdout=true`, upgrade: webSocket(channels) },
    { name: 'attach in SPDY', byNode: true, path: `${ofPod}/attach?stdout=true`, upgrade: spdy('v4.channel.k8s.io') },
    { name: 'port-forward in SPDY', byNode: true, path: `${ofPod}/portforward`, upgrade: spdy('portforward.k8s.io') },
    {
      name: 'port-forward in a WebSocket',
      byNode: true,
      path: `${ofPod}/portforward?ports=${silentPort}`,
      upgrade: webSocket('SPDY/3.1+portforward.k8s.io'),
    },
    { name: 'proxy to a pod', byNode: true, path: `${core}/pods/${pod}:${silentPort}/proxy/` },
  ]
}

/** Rights for all of them. */
export const streamRights = [
  { verbs: ['get', 'list', 'watch', 'create', 'delete'], apiGroups: [''], resources: ['configmaps'] },
  { verbs: ['watch'], apiGroups: ['apps'], resources: ['deployments'] },
  {
    verbs: ['get', 'create'],
    apiGroups: [''],
    resources: ['pods/log', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy'],
  },
]
