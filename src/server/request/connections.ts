// The subresources that connect the client with something else: their options and their answers are not the API's.

/** Into a pod. */
export const podStreams: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward'])
export const connections: ReadonlySet<string> = new Set([...podStreams, 'proxy'])
