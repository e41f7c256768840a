package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.AbstractSynchronizedMongoCollection;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DocumentWithPosition;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.Utils;
import de.bwaldvogel.mongo.backend.ValueComparator;
import de.bwaldvogel.mongo.bson.Document;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;
import org.h2.mvstore.MVMap;
import org.jspecify.annotations.Nullable;

/**
 * A collection of the embedded server, which keeps its documents as BSON. They take less memory, which the collector copies
 * often; and the server, which changes documents in place, has copies of its own, as H2 may be writing those it has.
 */
final class BsonCollection extends AbstractSynchronizedMongoCollection<Object> {
    private final MVMap<Object, byte[]> documents;

    BsonCollection(
            MongoDatabase database,
            String name,
            CollectionOptions options,
            MVMap<Object, byte[]> documents,
            CursorRegistry cursors) {
        super(database, name, options, cursors);
        this.documents = documents;
    }

    @Override
    protected Object addDocumentInternal(Document document) {
        Object key = getIdField() == null ? UUID.randomUUID() : Utils.getSubdocumentValue(document, getIdField());
        if (documents.putIfAbsent(Missing.ofNullable(key), DocumentType.encode(document)) != null) {
            throw new IllegalStateException("a document with key '" + key + "' is in " + getFullName() + " already");
        }
        return key;
    }

    @Override
    protected @Nullable Document getDocument(Object position) {
        byte[] bson = documents.get(position);
        return bson == null ? null : DocumentType.decode(bson);
    }

    @Override
    protected void handleUpdate(Object position, Document before, Document now) {
        documents.put(Missing.ofNullable(position), DocumentType.encode(now));
    }

    @Override
    protected void removeDocument(Object position) {
        if (documents.remove(position) == null) {
            throw new IllegalStateException("no document with key '" + position + "' is in " + getFullName());
        }
    }

    @Override
    protected Stream<DocumentWithPosition<Object>> streamAllDocumentsWithPosition() {
        return documents.entrySet().stream()
                .map(entry -> new DocumentWithPosition<>(DocumentType.decode(entry.getValue()), entry.getKey()));
    }

    @Override
    protected QueryResult matchDocuments(
            Document query, Document order, int skip, int limit, int batch, Document fields) {
        Stream<DocumentWithPosition<Object>> all = streamAllDocumentsWithPosition();
        if (isNaturalDescending(order)) {
            Comparator<Object> descending = ValueComparator.desc();
            all = all.sorted(Comparator.comparing(DocumentWithPosition::getPosition, descending));
        }
        return matchDocumentsFromStream(
                all.map(DocumentWithPosition::getDocument), query, order, skip, limit, batch, fields);
    }

    @Override
    public int count() {
        return documents.size();
    }

    @Override
    public boolean isEmpty() {
        return documents.isEmpty();
    }

    @Override
    protected boolean tracksDataSize() {
        return false; // it would be one write more for each
    }

    @Override
    protected void updateDataSize(int delta) {}

    @Override
    protected int getDataSize() {
        return 0;
    }
}
