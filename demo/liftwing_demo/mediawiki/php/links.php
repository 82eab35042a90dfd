<?php
// Fills the tables of links and of page properties for every article, as saving it would have done.
// MediaWiki's refreshLinks.php counts through all ids that there might be, up to tens of millions.

require_once '/usr/share/mediawiki/maintenance/Maintenance.php';

class FillLinks extends Maintenance {
	public function execute() {
		// Outside of a function it would run itself.
		require_once '/usr/share/mediawiki/maintenance/refreshLinks.php';
		$pages = $this->getDB( DB_REPLICA )->newSelectQueryBuilder()
			->select( 'page_id' )
			->from( 'page' )
			->where( [ 'page_namespace' => NS_MAIN, 'page_latest > 0' ] )
			->caller( __METHOD__ )
			->fetchFieldValues();
		foreach ( $pages as $done => $id ) {
			RefreshLinks::fixLinksFromArticle( $id );
			$this->output( ( $done + 1 ) . ' of ' . count( $pages ) . "\n" );
		}
	}
}

$maintClass = FillLinks::class;
require_once RUN_MAINTENANCE_IF_MAIN;
