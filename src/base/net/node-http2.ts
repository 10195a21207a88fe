// Loads node:http2 at its first use: it takes 4 MB and 5 to 10 ms, and the API server first needs it when a node dials in.

export const nodeHttp2 = (): typeof import('node:http2') => process.getBuiltinModule('node:http2')
