// The version that all commands print.

export const bulkheadVersion = '0.1.0'
