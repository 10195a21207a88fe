// The subresources that connect the client with something else: their options and their answers are not the API's.
export const connections: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy'])
