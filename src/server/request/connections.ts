// Subresources that connect the client with something else; their options and responses are not those of the API.

/** Streams into a pod. */
export const podStreams: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward'])
export const connections: ReadonlySet<string> = new Set([...podStreams, 'proxy'])
