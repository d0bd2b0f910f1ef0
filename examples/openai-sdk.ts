/**
 * The official OpenAI SDK, pointed at Tallystick: only base URL and key differ from any other use of it.
 *
 *   OPENAI_BASE_URL=http://127.0.0.1:8402/v1 OPENAI_API_KEY=tk_… npx node examples/openai-sdk.ts
 */
import OpenAI from 'openai';

const client = new OpenAI();

const { data, response } = await client.chat.completions
  .create({ model: 'sandbox-small', max_completion_tokens: 40, messages: [{ role: 'user', content: 'Hello' }] })
  .withResponse();
console.log(data.choices[0]?.message.content);
console.log('tokens', data.usage?.total_tokens, 'receipt', response.headers.get('x-tally-receipt'));

const stream = await client.chat.completions.create({
  model: 'sandbox-small',
  max_completion_tokens: 20,
  stream: true,
  messages: [{ role: 'user', content: 'Hello again' }],
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
process.stdout.write('\n');
