package io.lifecycle4j.sample.im.websocket;

import io.lifecycle4j.RequestGate;
import io.lifecycle4j.sample.im.chat.Rooms;
import io.lifecycle4j.sample.im.metrics.ImMetrics;
import io.lifecycle4j.sample.im.mongo.MongoStorage;

/**
 * What all conversations have in common.
 *
 * @param sends counts messages on open sockets as the gate of a server counts requests
 */
public record Conversations(MongoStorage storage, Rooms rooms, RequestGate sends, ImMetrics metrics) {

    Conversation with(Client client) {
        ClientRooms joined = new ClientRooms(client, rooms, storage.epoch());
        ClientSends said = new ClientSends(client, rooms, sends, metrics);
        return new Conversation(client, storage.tokens(), joined, said, storage.receipts());
    }
}
