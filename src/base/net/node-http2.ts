// node:http2 where it is first needed: it takes 4 MB and 5 to 10 ms, and the API server needs it when the first node dials in.

export const nodeHttp2 = (): typeof import('node:http2') => process.getBuiltinModule('node:http2')
