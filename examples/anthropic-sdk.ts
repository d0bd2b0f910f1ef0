/**
 * The official Anthropic SDK, pointed at Tallystick: only base URL and key differ from any other use of it.
 *
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:8402 ANTHROPIC_API_KEY=tk_… npx node examples/anthropic-sdk.ts
 */
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();

const { data, response } = await client.messages
  .create({ model: 'sandbox-small', max_tokens: 40, messages: [{ role: 'user', content: 'Hello' }] })
  .withResponse();
for (const block of data.content) if (block.type === 'text') console.log(block.text);
console.log('tokens', data.usage.input_tokens + data.usage.output_tokens, 'receipt', response.headers.get('x-tally-receipt'));

const stream = client.messages.stream({
  model: 'sandbox-small',
  max_tokens: 20,
  messages: [{ role: 'user', content: 'Hello again' }],
});
stream.on('text', (text) => process.stdout.write(text));
await stream.finalMessage();
process.stdout.write('\n');
