/** Whether the long sizes were asked for, as `npm run test:long` does. */
export const isLongRun = process.env['TEST_LONG'] === '1'
