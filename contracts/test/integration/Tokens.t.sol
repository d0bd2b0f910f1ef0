// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AIToken} from "../../src/compute/AIToken.sol";
import {AITokenMinter} from "../../src/compute/AITokenMinter.sol";
import {IAIToken, IAITokenMinter} from "../../src/interfaces/IAITokenMinter.sol";
import {ICreditToken} from "../../src/interfaces/ICreditToken.sol";
import {IOrderSettlement} from "../../src/interfaces/IOrderSettlement.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../src/interfaces/IProviderRegistry.sol";
import {IQuorumVerifier} from "../../src/interfaces/IQuorumVerifier.sol";
import {ISessionChannels} from "../../src/interfaces/ISessionChannels.sol";
import {ISettlementTreasury} from "../../src/interfaces/ISettlementTreasury.sol";
import {IUsageReceipts} from "../../src/interfaces/IUsageReceipts.sol";
import {Params} from "../../src/libraries/Params.sol";
import {ReceiptHash} from "../../src/libraries/ReceiptHash.sol";
import {Receipt, SumNode} from "../../src/libraries/ReceiptTypes.sol";
import {OrderSettlement} from "../../src/market/OrderSettlement.sol";
import {MigrationClaims} from "../../src/migration/MigrationClaims.sol";
import {MigrationManifest} from "../../src/migration/MigrationManifest.sol";
import {ManifestTree} from "../support/ManifestTree.sol";
import {MoneyFixture} from "../support/MoneyFixture.sol";
import {ReceiptTree} from "../support/ReceiptTree.sol";
import {ReceiptsFixture} from "../support/ReceiptsFixture.sol";
import {TokensGovernorDouble} from "../support/doubles/TokensGovernorDouble.sol";
import {TokensQuorumDouble} from "../support/doubles/TokensQuorumDouble.sol";
import {TokensRegistryDouble} from "../support/doubles/TokensRegistryDouble.sol";
import {TokensTreasuryDouble} from "../support/doubles/TokensTreasuryDouble.sol";

/// @notice Tokens among the contracts of money as they are: fees that a claim paid, credits that only venues move.
contract TokensOnMoneyTest is MoneyFixture {
    TokensGovernorDouble private _params;
    AIToken private _token;
    AITokenMinter private _minter;

    function setUp() public override {
        super.setUp();
        _params = new TokensGovernorDouble();
        _params.set(Params.MINT_RATE, 1e12);
        _params.set(Params.MINT_EPOCH_CAP, 1e30);
        _token = new AIToken(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        // No receipts: this provider mints by the epoch.
        _minter = new AITokenMinter(
            IAIToken(address(_token)),
            IUsageReceipts(address(1)),
            ISettlementTreasury(address(treasury)),
            IProviderRegistry(address(registry)),
            IParamGovernor(address(_params))
        );
    }

    function test_TheFeesOfAClaimAreMintedFor() public {
        _mintFromAClaim();
        assertEq(_token.balanceOf(payout), 80e6 * 1e12, "8 % of 1000 credits, at the rate");
        uint64 epoch = treasury.feeEpoch();
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.NothingToMint.selector, PROVIDER, epoch));
        _minter.mintEpoch(PROVIDER, epoch);
    }

    function test_TokensTradeForCreditsWhichTheMarketMayMove() public {
        _mintFromAClaim();
        OrderSettlement market = new OrderSettlement(address(manager), IParamGovernor(address(_params)));
        market.admitToken(address(_token), true);
        market.admitToken(address(credits), true);
        (address seller, uint256 sellerKey) = account("seller");
        vm.prank(payout);
        _token.transfer(seller, 50e18);
        vm.prank(seller);
        _token.approve(address(market), type(uint256).max);
        vm.prank(tenant);
        credits.approve(address(market), type(uint256).max);
        IOrderSettlement.Order memory order =
            IOrderSettlement.Order(seller, address(_token), address(credits), 50e18, 20e6, address(0), T0 + 60, 1, 0, true);
        bytes memory signature = signed(sellerKey, market.digestOf(order));
        vm.expectRevert(abi.encodeWithSelector(ICreditToken.TransferRestricted.selector, address(market)));
        vm.prank(tenant);
        market.fill(order, signature, 25e18, 0);
        vm.prank(admin);
        credits.setVenue(address(market), ICreditToken.Venue.Open);
        vm.prank(tenant);
        assertEq(market.fill(order, signature, 25e18, 0), 10e6, "at the limit");
        assertEq(credits.balanceOf(seller), 10e6, "credits of the seller");
        assertEq(_token.balanceOf(tenant), 25e18, "tokens of the tenant");
    }

    /// Both chains are one here: what the bridge is paid is deposited again.
    function test_CreditsMoveByManifest() public {
        IParamGovernor params = IParamGovernor(address(_params));
        TokensQuorumDouble quorum = new TokensQuorumDouble();
        MigrationClaims claims =
            new MigrationClaims(address(manager), params, ICreditToken(address(credits)), IQuorumVerifier(address(quorum)));
        MigrationManifest manifest =
            new MigrationManifest(address(manager), params, ICreditToken(address(credits)), block.chainid, address(claims), address(this));
        vm.startPrank(admin);
        credits.setVenue(address(manifest), ICreditToken.Venue.Open);
        credits.setVenue(address(claims), ICreditToken.Venue.Open);
        vm.stopPrank();
        vm.startPrank(tenant);
        credits.approve(address(manifest), type(uint256).max);
        manifest.enter(stranger, 5);
        manifest.withdraw();
        manifest.enter(stranger, 7e6);
        vm.stopPrank();
        bytes32[] memory leaves = new bytes32[](1);
        leaves[0] = keccak256(bytes.concat(keccak256(abi.encode(manifest.manifestId(), 0, tenant, stranger, uint128(7e6)))));
        manifest.freeze();
        manifest.tally(1);
        assertEq(manifest.root(), ManifestTree.root(leaves), "the root by definition");
        vm.warp(block.timestamp + manifest.REVIEW());
        manifest.seal();
        assertEq(asset.balanceOf(address(this)), 7e6, "the reserve is with the bridge");
        asset.approve(address(credits), 7e6);
        credits.deposit(address(this), 7e6);
        credits.approve(address(claims), 7e6);
        claims.fund(7e6);
        claims.freeze(manifest.manifestId(), manifest.root(), 7e6, 1);
        quorum.attest(claims.sealDigest(1), 1, "");
        claims.seal(1, "");
        claims.claim(0, tenant, stranger, 7e6, new bytes32[](0));
        assertEq(credits.balanceOf(stranger), 7e6, "arrived");
    }

    function _mintFromAClaim() private {
        (ISessionChannels.ChannelConfig memory config,) = _open(1000e6);
        _claimAs(_claim(config, 0, 1000e6));
        uint64 epoch = treasury.feeEpoch();
        vm.startPrank(operator);
        _minter.declareMode(PROVIDER, IAITokenMinter.Mode.Cumulative);
        _minter.mintEpoch(PROVIDER, epoch);
        vm.stopPrank();
    }
}

/// @notice Minting per receipt from batches as `UsageReceipts` has them: a tree, an attestation, and the dispute window.
contract TokensOnReceiptsTest is ReceiptsFixture {
    function test_AReceiptMintsOnceItsBatchIsFinal() public {
        TokensGovernorDouble params = new TokensGovernorDouble();
        TokensRegistryDouble providers = new TokensRegistryDouble();
        TokensTreasuryDouble treasury = new TokensTreasuryDouble();
        params.set(Params.MINT_RATE, 1e12);
        params.set(Params.MINT_EPOCH_CAP, 1e30);
        providers.setProvider(GATEWAY, operator, stranger);
        AIToken token = new AIToken(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        AITokenMinter minter = new AITokenMinter(
            IAIToken(address(token)),
            IUsageReceipts(address(receipts)),
            ISettlementTreasury(address(treasury)),
            IProviderRegistry(address(providers)),
            IParamGovernor(address(params))
        );
        vm.startPrank(operator);
        minter.declareMode(GATEWAY, IAITokenMinter.Mode.PerReceipt);
        bytes32 mintLane = receipts.registerLane(GATEWAY, 1, signer, true);
        vm.stopPrank();
        treasury.addFees(GATEWAY, treasury.feeEpoch(), 1_000);

        (Receipt[] memory all, SumNode[] memory leaves) = _receipts(mintLane);
        ReceiptTree.Tree memory tree = ReceiptTree.build(mintLane, 1, leaves);
        bytes32 batchId = _postTree(tree);
        SumNode[] memory path = ReceiptTree.path(leaves, 1);
        vm.expectRevert(abi.encodeWithSelector(IAITokenMinter.ReceiptNotFinal.selector, batchId));
        minter.mintReceipt(all[1], 1, 1, path);
        vm.warp(block.timestamp + WINDOW);
        receipts.finalise(mintLane, 1);
        vm.prank(operator);
        assertEq(minter.mintReceipt(all[1], 1, 1, path), 200 * 8 * 1e12 / 100, "8 % of 200, at the rate");
        assertEq(token.balanceOf(stranger), 16e12, "to the payout address");
        vm.expectRevert(IAITokenMinter.ReceiptNotIncluded.selector);
        minter.mintReceipt(all[0], 1, 0, path);
    }

    function hashOf(Receipt calldata receipt) external pure returns (bytes32) {
        return ReceiptHash.hash(receipt);
    }

    function _receipts(bytes32 laneId) private view returns (Receipt[] memory all, SumNode[] memory leaves) {
        all = new Receipt[](3);
        leaves = new SumNode[](3);
        for (uint64 i = 0; i < 3; ++i) {
            all[i].kind = 1;
            all[i].providerId = GATEWAY;
            all[i].laneId = laneId;
            all[i].seq = i + 1;
            all[i].endedAt = uint64(block.timestamp) * 1000;
            all[i].amount = 100 * (i + 1);
            leaves[i] = ReceiptTree.leafOf(this.hashOf(all[i]), all[i].amount);
        }
    }
}
